"""Who is served: promotion through the gate, rollback, a challenger's share. Each is kept with who did it."""

from dataclasses import replace

from core.database import AppDatabase, audit
from core.database.schema import now
from core.identity import Person
from core.registry.gate import Check, gate
from core.registry.latency import keep_latency, measure_latency
from core.registry.store import Registry, Roles, Version
from core.segmentation import Segmenter
from core.segmentation.serving import SHIPPED, ServedModel, Serving, keep_served
from core.settings import Settings
from data.errors import ModelError

MOST_SHARE = 0.5
SUBJECT = "model waferscope"


def with_latency(registry: Registry, version: Version, champion: Version, at: Settings) -> Version:
    """Measure a version's latency on this machine beside the champion's, and remember it here.

    Raises:
        ModelError: a file cannot be loaded.
    """
    candidate, served = (
        Segmenter.load(str(registry.file(one.number)), threads=at.threads or None) for one in (version, champion)
    )
    latency = measure_latency(candidate, served)
    keep_latency(at, version.card.sha256, latency)
    return replace(version, card=version.card.with_latency(latency))


def promote(registry: Registry, database: AppDatabase, at: Settings, number: int, person: Person) -> list[Check]:
    """Make a version the champion, if it passes the gate; it stops being the challenger.

    Returns:
        The gate's checks, all passed.

    Raises:
        ModelError: it is the champion already, does not exist, or fails the gate; the failed checks are named.
        AppDatabaseError: the trail cannot be written; nothing is changed.
    """
    roles = registry.roles()
    champion = registry.version(roles.champion)
    if champion.number == number:
        raise ModelError(f"model version {number}", "it is the champion already", "Choose another.")
    candidate = with_latency(registry, registry.version(number), champion, at)
    checks = gate(candidate.card, champion.card, at)
    failed = [check for check in checks if not check.passed]
    if failed:
        said = "; ".join(f"{check.name}: {check.found}, needed {check.needed}" for check in failed)
        raise ModelError(
            f"model version {number}", f"it does not pass the gate: {said}", "Train or measure it further."
        )
    after = replace(roles, champion=number, before=(*roles.before, roles.champion))
    if roles.challenger == number:
        after = replace(after, challenger=None, share=0.0, since="")
    gated = {check.name: check.found for check in checks}
    _change(registry, database, at, after, person, "model.promote", {"from": roles.champion, "to": number, **gated})
    return checks


def rollback(registry: Registry, database: AppDatabase, at: Settings, person: Person) -> int:
    """Serve the champion of before again, without a gate: it was served already.

    Returns:
        Number of the version that is served now.

    Raises:
        ModelError: there was none before.
        AppDatabaseError: the trail cannot be written; nothing is changed.
    """
    roles = registry.roles()
    if not roles.before:
        raise ModelError("the model registry", "no champion was there before this one", "Promote another version.")
    *before, number = roles.before
    after = replace(roles, champion=number, before=tuple(before))
    if roles.challenger == number:
        after = replace(after, challenger=None, share=0.0, since="")
    _change(registry, database, at, after, person, "model.rollback", {"from": roles.champion, "to": number})
    return number


def challenge(
    registry: Registry, database: AppDatabase, at: Settings, number: int | None, share: float, person: Person
) -> None:
    """Assign a share of the wafers to a challenger, or to nobody.

    Args:
        registry: of the versions.
        database: keeps who did it.
        at: settings of this home.
        number: of the version, None to end the trial.
        share: of the wafers, above 0 and at most a half.
        person: who decides.

    Raises:
        ModelError: the version is the champion, shipped or does not exist, or the share is out of bounds.
        AppDatabaseError: the trail cannot be written; nothing is changed.
    """
    roles = registry.roles()
    if number is None:
        _change(
            registry,
            database,
            at,
            replace(roles, challenger=None, share=0.0, since=""),
            person,
            "model.challenge",
            {"challenger": None},
        )
        return
    registry.version(number)
    where = f"model version {number}"
    if number in (roles.champion, SHIPPED):
        raise ModelError(where, "the champion and the shipped model cannot be challengers", "Choose another version.")
    if not 0 < share <= MOST_SHARE:
        raise ModelError(where, f"expected a share above 0 and at most {MOST_SHARE:g}, found {share:g}", "Change it.")
    after = replace(roles, challenger=number, share=share, since=now().isoformat())
    _change(registry, database, at, after, person, "model.challenge", {"challenger": number, "share": share})


def sync(registry: Registry, at: Settings) -> Serving:
    """Serve here what the registry says: for a home that shares its registry with others.

    Raises:
        ModelError: the registry cannot be reached, or a file cannot be fetched.
    """
    return _serve(registry, at, registry.roles())


def _change(
    registry: Registry,
    database: AppDatabase,
    at: Settings,
    after: Roles,
    person: Person,
    action: str,
    details: dict[str, object],
) -> None:
    """Write the trail, the registry and what is served, in one turn: two people cannot promote at once."""
    with database.writing() as session:
        audit.record(session, person, action, SUBJECT, details)
        registry.keep_roles(after)
        _serve(registry, at, after)


def _serve(registry: Registry, at: Settings, roles: Roles) -> Serving:
    def model(number: int | None) -> ServedModel | None:
        if not number:
            return None
        return ServedModel(number, registry.version(number).card.name, str(registry.file(number)))

    serving = Serving(model(roles.champion), model(roles.challenger), roles.share, roles.since)
    keep_served(at, serving)
    return serving
