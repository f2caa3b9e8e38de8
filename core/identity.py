"""Who is acting. Today it is the person at this machine; accounts can take its place without touching a caller."""

import getpass
from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """Someone who acts: saves, labels, reviews, starts jobs.

    Args:
        name: unique name, as it stands in records.
        origin: who vouches for the name: "local" is the operating system's account.
    """

    name: str
    origin: str = "local"


def local_person() -> Person:
    """Give the person whose account runs this process ("local" where the account has no name, as in a container)."""
    try:
        return Person(getpass.getuser())
    except (OSError, KeyError):
        return Person("local")
