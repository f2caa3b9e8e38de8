"""Who asks: the person of the session or key that the guard found, or the person of this machine without accounts."""

from typing import Annotated

from fastapi import Depends, Request

from core.identity import Person, local_person
from web.guard import CALLER


async def acting(request: Request) -> Person:
    """Return who asks."""
    found = request.scope.get(CALLER)
    return found if isinstance(found, Person) else local_person()


Acting = Annotated[Person, Depends(acting)]
