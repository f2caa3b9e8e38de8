"""The one table of roles: what each may do, and the question that everything that writes asks first."""

from collections.abc import Mapping
from enum import StrEnum

from core.identity import ACCOUNT, Person
from core.settings import settings
from data.errors import NotAllowedError


class Role(StrEnum):
    """What an account is for; each may all that those above it may."""

    VIEWER = "viewer"
    ANNOTATOR = "annotator"
    REVIEWER = "reviewer"
    ENGINEER = "engineer"
    ML_ENGINEER = "ml_engineer"
    ADMIN = "admin"


ROLE_NAMES = {
    Role.VIEWER: "a viewer",
    Role.ANNOTATOR: "an annotator",
    Role.REVIEWER: "a reviewer",
    Role.ENGINEER: "an engineer",
    Role.ML_ENGINEER: "an ML engineer",
    Role.ADMIN: "an admin",
}
"""Roles as sentences name them."""


class Permission(StrEnum):
    """One kind of thing that a person may do."""

    ACCOUNT_WRITE = "account.write"
    WAFER_READ = "wafer_map.read"
    INFERENCE_READ = "inference.read"
    ANNOTATION_READ = "annotation.read"
    ANNOTATION_WRITE = "annotation.write"
    ANNOTATION_READ_ALL = "annotation.read_all"
    ANNOTATION_REVIEW = "annotation.review"
    ACTIVE_LEARNING_READ = "active_learning.read"
    WAFER_WRITE = "wafer_map.write"
    INFERENCE_WRITE = "inference.write"
    FINDING_WRITE = "finding.write"
    ALARM_WRITE = "alarm.write"
    ALARM_CONFIG = "alarm.config"
    EXPORT_WRITE = "export.write"
    TRAINING_READ = "training.read"
    MODEL_READ = "model.read"
    ACTIVE_LEARNING_WRITE = "active_learning.write"
    TRAINING_WRITE = "training.write"
    TRAINING_CANCEL = "training.cancel"
    MODEL_PROMOTE = "model.promote"
    MODEL_DELETE = "model.delete"
    TRAINING_DELETE = "training.delete"
    JOB_WRITE_ALL = "job.write_all"
    ANNOTATION_DELETE = "annotation.delete"
    USER_READ = "user.read"
    USER_WRITE = "user.write"
    SYSTEM_CONFIG = "system.config"


WORDS = {
    Permission.ACCOUNT_WRITE: "change their own account",
    Permission.WAFER_READ: "look at wafers",
    Permission.INFERENCE_READ: "look at results",
    Permission.ANNOTATION_READ: "look at the annotation queue",
    Permission.ANNOTATION_WRITE: "label wafers",
    Permission.ANNOTATION_READ_ALL: "look at the labels of others",
    Permission.ANNOTATION_REVIEW: "review labels",
    Permission.ACTIVE_LEARNING_READ: "look at the rounds of active learning",
    Permission.WAFER_WRITE: "take wafers in",
    Permission.INFERENCE_WRITE: "segment wafers",
    Permission.FINDING_WRITE: "write down root causes",
    Permission.ALARM_WRITE: "acknowledge alarms",
    Permission.ALARM_CONFIG: "change the rules for alarms",
    Permission.EXPORT_WRITE: "export data",
    Permission.TRAINING_READ: "look at training",
    Permission.MODEL_READ: "download models",
    Permission.ACTIVE_LEARNING_WRITE: "choose what is labelled next, and by whom",
    Permission.TRAINING_WRITE: "train models",
    Permission.TRAINING_CANCEL: "cancel training",
    Permission.MODEL_PROMOTE: "promote models",
    Permission.MODEL_DELETE: "delete models",
    Permission.TRAINING_DELETE: "delete training",
    Permission.JOB_WRITE_ALL: "change jobs of others",
    Permission.ANNOTATION_DELETE: "delete labels for good",
    Permission.USER_READ: "look at accounts and the audit trail",
    Permission.USER_WRITE: "change accounts",
    Permission.SYSTEM_CONFIG: "change how the system is set up",
}
"""What stands after "may not" in a sentence."""

_ADDED = {
    Role.VIEWER: (Permission.ACCOUNT_WRITE, Permission.WAFER_READ, Permission.INFERENCE_READ),
    Role.ANNOTATOR: (Permission.ANNOTATION_READ, Permission.ANNOTATION_WRITE),
    Role.REVIEWER: (
        Permission.ANNOTATION_READ_ALL,
        Permission.ANNOTATION_REVIEW,
        Permission.ACTIVE_LEARNING_READ,
    ),
    Role.ENGINEER: (
        Permission.WAFER_WRITE,
        Permission.INFERENCE_WRITE,
        Permission.FINDING_WRITE,
        Permission.ALARM_WRITE,
        Permission.ALARM_CONFIG,
        Permission.EXPORT_WRITE,
        Permission.TRAINING_READ,
        Permission.MODEL_READ,
    ),
    Role.ML_ENGINEER: (
        Permission.ACTIVE_LEARNING_WRITE,
        Permission.TRAINING_WRITE,
        Permission.TRAINING_CANCEL,
        Permission.MODEL_PROMOTE,
    ),
    Role.ADMIN: (
        Permission.MODEL_DELETE,
        Permission.TRAINING_DELETE,
        Permission.JOB_WRITE_ALL,
        Permission.ANNOTATION_DELETE,
        Permission.USER_READ,
        Permission.USER_WRITE,
        Permission.SYSTEM_CONFIG,
    ),
}


def _table() -> dict[Role, frozenset[Permission]]:
    allowed: frozenset[Permission] = frozenset()
    return {role: (allowed := allowed | frozenset(_ADDED[role])) for role in Role}


ROLES: Mapping[Role, frozenset[Permission]] = _table()
"""All that each role may do."""
BY_NAME: Mapping[str, frozenset[Permission]] = {role.value: allowed for role, allowed in ROLES.items()}
"""The same by the role's name, as an acting person has it."""


def may(person: Person, permission: Permission) -> bool:
    """Return whether a person may do something.

    Whoever runs a command at the machine may do everything, and so may everybody where nobody has to sign in.

    Args:
        person: who wants to.
        permission: kind of what they want to do.

    Example:
        >>> may(Person("Ana", "account", 1, "viewer"), Permission.MODEL_PROMOTE)
        False
    """
    if person.origin != ACCOUNT:
        return person.origin != "said" or not settings().accounts
    if not may_without_key(person, permission):
        return False
    return person.scopes is None or permission in person.scopes


def permit(person: Person, permission: Permission) -> None:
    """Refuse what a person may not do.

    Args:
        person: who wants to.
        permission: kind of what they want to do.

    Raises:
        NotAllowedError: they may not; it says who may.
    """
    if may(person, permission):
        return
    if person.scopes is not None and may_without_key(person, permission):
        raise NotAllowedError(
            f"a key of {person.name}",
            f"it may not {WORDS[permission]}",
            f"Make a key that has the scope {permission.value}.",
        )
    first = next(role for role in Role if permission in ROLES[role])
    others = "" if first is Role.ADMIN else " or an admin"
    raise NotAllowedError(
        f"{person.name} ({person.role or 'no account'})",
        f"this role may not {WORDS[permission]}",
        f"Ask {ROLE_NAMES[first]}{others}.",
    )


def permit_own(person: Person, owner: str, permission: Permission, permission_for_others: Permission) -> None:
    """Refuse what a person may not do to something that has an owner.

    Args:
        person: who wants to.
        owner: name of the person whose it is.
        permission: kind of what they want to do, where it is their own.
        permission_for_others: that they need where it is somebody else's.

    Raises:
        NotAllowedError: they may not; it says who may.
    """
    permit(person, permission if owner == person.name else permission_for_others)


def may_without_key(person: Person, permission: Permission) -> bool:
    """Return whether the account of a person may do something, whatever a key narrows it to."""
    return permission in BY_NAME.get(person.role, ())
