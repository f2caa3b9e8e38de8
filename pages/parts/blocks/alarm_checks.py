"""Looking for alarms from a page, which never waits for a message to be delivered."""

from core.alarms import check
from core.identity import local_person
from core.jobs.launch import start
from core.settings import settings
from pages.parts.cache.stores import decisions, lake


def look_for_alarms() -> None:
    """Look at what is new in the lake; a job sends what is to be sent.

    Raises:
        LakeError: the lake cannot be read.
        DecisionsError: the database of decisions cannot be used.
    """
    if check(lake(), decisions()).waiting:
        start(decisions(), settings(), "check_alarms", [], local_person(), title="Send alarms")
