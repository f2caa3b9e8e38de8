"""Who asks: the person of the session or key that the guard found, or the person of this machine without accounts."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.params import Depends as Dependency

from core.identity import CALLER, Person, local_person
from core.people.roles import Permission, permit


async def acting(request: Request) -> Person:
    """Return who asks."""
    found = request.scope.get(CALLER)
    return found if isinstance(found, Person) else local_person()


Acting = Annotated[Person, Depends(acting)]


def needs(permission: Permission) -> Dependency:
    """Return what refuses a request whose person may not do something; what changes anything asks once more itself."""

    async def asks(person: Acting) -> None:
        permit(person, permission)

    return Dependency(asks)
