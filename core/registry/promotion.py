"""Who is served: promotion through the gate, rollback, a challenger's share. Each is kept with who did it.

What is decided is first kept in the app database, then told to the registry, then served. Whoever dies between leaves a
decision that the next start of the app, or the next command, carries out.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from core.database import AppDatabase, audit
from core.database.schema import now
from core.identity import Person
from core.people.roles import Permission, permit
from core.registry.gate import Check, gate
from core.registry.latency import keep_latency, measure_latency
from core.registry.model_decisions import decide, newest_decision
from core.registry.store import Registry, Roles, Version
from core.segmentation import Segmenter
from core.segmentation.serving import SHIPPED, ServedModel, Serving, keep_served, served
from core.settings import Settings
from data.errors import ModelError

MOST_SHARE = 0.5
SUBJECT = "model waferscope"

Change = Callable[[Roles], tuple[Roles, str, Mapping[str, object]]]
"""What a decision makes of the roles of the moment: the new ones, what was done, and what to say of it in the trail."""


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
        NotAllowedError: the acting person may not.
        ModelError: it is the champion already, does not exist, or fails the gate; the failed checks are named. Or
            another version became the champion while this one was measured.
        AppDatabaseError: the decision cannot be kept; nothing is changed.
    """
    permit(person, Permission.MODEL_PROMOTE)
    carry_out(registry, database, at)
    champion = registry.version(registry.roles().champion)
    where = f"model version {number}"
    if champion.number == number:
        raise ModelError(where, "it is the champion already", "Choose another.")
    candidate = with_latency(registry, registry.version(number), champion, at)
    checks = gate(candidate.card, champion.card, at)
    failed = [check for check in checks if not check.passed]
    if failed:
        said = "; ".join(f"{check.name}: {check.found}, needed {check.needed}" for check in failed)
        raise ModelError(where, f"it does not pass the gate: {said}", "Train or measure it further.")

    def change(roles: Roles) -> tuple[Roles, str, Mapping[str, object]]:
        if roles.champion != champion.number:
            problem = f"version {roles.champion} became the champion while this one was measured beside another"
            raise ModelError(where, problem, "Look at both again, and promote it anew.")
        after = replace(_without(roles, number), champion=number, before=(*roles.before, roles.champion))
        gated = {check.name: check.found for check in checks}
        return after, "model.promote", {"from": roles.champion, "to": number, **gated}

    _decide(registry, database, at, person, change)
    return checks


def rollback(registry: Registry, database: AppDatabase, at: Settings, person: Person) -> int:
    """Serve the champion of before again, without a gate: it was served already.

    Returns:
        Number of the version that is served now.

    Raises:
        NotAllowedError: the acting person may not.
        ModelError: there was none before.
        AppDatabaseError: the decision cannot be kept; nothing is changed.
    """
    permit(person, Permission.MODEL_PROMOTE)

    def change(roles: Roles) -> tuple[Roles, str, Mapping[str, object]]:
        if not roles.before:
            raise ModelError("the model registry", "no champion was there before this one", "Promote another version.")
        *before, number = roles.before
        after = replace(_without(roles, number), champion=number, before=tuple(before))
        return after, "model.rollback", {"from": roles.champion, "to": number}

    return _decide(registry, database, at, person, change).champion


def challenge(
    registry: Registry, database: AppDatabase, at: Settings, number: int | None, share: float, person: Person
) -> None:
    """Assign a share of the wafers to a challenger, or to nobody.

    Args:
        registry: of the versions.
        database: keeps what is decided and who did it.
        at: settings of this home.
        number: of the version, None to end the trial.
        share: of the wafers, above 0 and at most a half.
        person: who decides.

    Raises:
        NotAllowedError: the acting person may not.
        ModelError: the version is the champion, shipped or does not exist, or the share is out of bounds; or there is
            no trial to end.
        AppDatabaseError: the decision cannot be kept; nothing is changed.
    """
    permit(person, Permission.MODEL_PROMOTE)
    if number is not None:
        registry.version(number)

    def change(roles: Roles) -> tuple[Roles, str, Mapping[str, object]]:
        if number is None:
            if roles.challenger is None:
                raise ModelError("the model registry", "no version challenges the champion", "There is nothing to end.")
            return _without(roles, roles.challenger), "model.challenge", {"challenger": None}
        where = f"model version {number}"
        if number in (roles.champion, SHIPPED):
            problem = "the champion and the shipped model cannot be challengers"
            raise ModelError(where, problem, "Choose another version.")
        if not 0 < share <= MOST_SHARE:
            problem = f"expected a share above 0 and at most {MOST_SHARE:g}, found {share:g}"
            raise ModelError(where, problem, "Change it.")
        after = replace(roles, challenger=number, share=share, since=now().isoformat())
        return after, "model.challenge", {"challenger": number, "share": share}

    _decide(registry, database, at, person, change)


def sync(registry: Registry, at: Settings) -> Serving:
    """Serve here what the registry says: for a home that shares its registry with others.

    Raises:
        ModelError: the registry cannot be reached, or a file cannot be fetched.
    """
    return _serve(registry, at, registry.roles(), _followed(at))


def carry_out(registry: Registry, database: AppDatabase, at: Settings) -> bool:
    """Write what was decided last to the registry, and serve it here, where a process died before it did so.

    Whoever shares the app database follows what others decided. It may be done any number of times.

    Returns:
        Whether anything was left to do.

    Raises:
        ModelError: the registry cannot be reached, or a file cannot be fetched; the decision stays.
        AppDatabaseError: the database cannot be used.
    """
    with database.reading() as session:
        decision = newest_decision(session)
        if decision is None or (decision.carried_out and _followed(at) >= decision.id):
            return False
    with database.writing() as session:  # one at a time, so that nobody writes an older decision over a newer one
        decision = newest_decision(session)
        if decision is None:
            return False
        if not decision.carried_out:
            registry.keep_roles(decision.roles)
        _serve(registry, at, registry.roles() if decision.carried_out else decision.roles, decision.id)
        decision.carried_out = True
    return True


def _decide(registry: Registry, database: AppDatabase, at: Settings, person: Person, change: Change) -> Roles:
    """Keep a decision with who made it, then carry it out; two people cannot decide at once."""
    carry_out(registry, database, at)
    with database.writing() as session:
        last = newest_decision(session)
        roles = registry.roles() if last is None or last.carried_out else last.roles
        after, action, details = change(roles)
        audit.record(session, person, action, SUBJECT, details)
        decide(session, after)
    carry_out(registry, database, at)
    return after


def _without(roles: Roles, challenger: int | None) -> Roles:
    """The roles once a version challenges no more."""
    return replace(roles, challenger=None, share=0.0, since="") if roles.challenger == challenger else roles


def _followed(at: Settings) -> int:
    """Number of the decision that this home serves by; 0 also where the file that says so is damaged."""
    try:
        return served(at).decision
    except ModelError:
        return 0


def _serve(registry: Registry, at: Settings, roles: Roles, decision: int) -> Serving:
    def model(number: int | None) -> ServedModel | None:
        if not number:
            return None
        return ServedModel(number, registry.version(number).card.name, str(registry.file(number)))

    serving = Serving(model(roles.champion), model(roles.challenger), roles.share, roles.since, decision)
    keep_served(at, serving)
    return serving
