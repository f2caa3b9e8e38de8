"""Who is acting: the person at this machine, somebody who says a name, or the holder of an account."""

import getpass
from dataclasses import dataclass, field

from data.errors import WaferValueError

LONGEST_NAME = 200
ACCOUNT = "account"
"""Origin of a person who has signed in."""
VOUCHED = "vouched"
"""Origin of an identity provider or proxy, which the settings name, where it changes accounts itself."""
CALLER = "waferscope.person"
"""Under which the guard leaves who asks in a request's scope."""


@dataclass(frozen=True)
class Person:
    """Someone who acts: saves, labels, reviews, starts jobs.

    Args:
        name: unique name, as it stands in records.
        origin: who vouches for the name: "local" is the operating system's account, "said" the person alone,
            "account" an account of the app that was signed in to, "vouched" the settings, that name a provider.
        id: number of the account, None without one.
        role: of the account, "" without one.
        products: names of the products that the account may see, None for all.
        scopes: permissions to which a key narrows those of its account, None where no key is used.
        address: of the machine that a request came from, "" where there is none.
        request_id: of the request, by which logs name it.
    """

    name: str
    origin: str = "local"
    id: int | None = None
    role: str = ""
    products: tuple[str, ...] | None = None
    scopes: tuple[str, ...] | None = None
    address: str = field(default="", compare=False, repr=False)
    request_id: str = field(default="", compare=False, repr=False)


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
        >>> named_person(" Ana ").name
        'Ana'
    """
    shown = " ".join(name.split())
    if not 0 < len(shown) <= LONGEST_NAME:
        raise WaferValueError("name", f"a name has 1 to {LONGEST_NAME} characters, found {len(shown)}", "Type yours.")
    return Person(shown, "said")
