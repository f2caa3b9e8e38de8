"""Looking for alarms from a page, which never waits for a message to be delivered."""

from core.alarms import check
from core.identity import local_person
from core.jobs.launch import start
from core.settings import settings
from pages.parts.cache.stores import database, lake


def look_for_alarms() -> None:
    """Look at what is new in the lake; a job sends what is to be sent.

    Raises:
        LakeError: the lake cannot be read.
        AppDatabaseError: the app database cannot be used.
    """
    if check(lake(), database()).waiting:
        start(database(), settings(), "check_alarms", [], local_person(), title="Send alarms")
