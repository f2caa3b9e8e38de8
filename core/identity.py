"""Who is acting. Today it is the person at this machine; accounts can take its place without touching a caller."""

import getpass
from dataclasses import dataclass

from data.errors import WaferValueError

LONGEST_NAME = 200


@dataclass(frozen=True)
class Person:
    """Someone who acts: saves, labels, reviews, starts jobs.

    Args:
        name: unique name, as it stands in records.
        origin: who vouches for the name: "local" is the operating system's account, "said" the person alone.
    """

    name: str
    origin: str = "local"


def local_person() -> Person:
    """Return the person whose account runs this process ("local" where the account has no name, as in a container)."""
    try:
        return Person(getpass.getuser())
    except (OSError, KeyError):
        return Person("local")


def named_person(name: str) -> Person:
    """Return a person who says a name, where several share one account.

    Raises:
        WaferValueError: the name is empty or longer than 200 characters.

    Example:
        >>> named_person(" Ana ")
        Person(name='Ana', origin='said')
    """
    shown = " ".join(name.split())
    if not 0 < len(shown) <= LONGEST_NAME:
        raise WaferValueError("name", f"a name has 1 to {LONGEST_NAME} characters, found {len(shown)}", "Type yours.")
    return Person(shown, "said")
