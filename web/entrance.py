"""What stands before the pages, put together: names, headers, the guard, the sign-in and what visitors may take."""

from collections.abc import Callable, Collection
from pathlib import Path

from starlette.middleware import Middleware
from starlette.routing import Route

from core.database import AppDatabase
from core.people.sessions import Visit, session_of
from core.settings import Settings
from web.guard import Guard
from web.health import HEALTH
from web.host_guard import HostGuard
from web.loopback_only import LoopbackOnly
from web.open_sockets import OpenSockets
from web.security_headers import SecurityHeaders
from web.sign_in.door import Door
from web.sign_in.forms import Forms
from web.sign_in.routes import sign_in_routes
from web.visitor_limits import Limits, VisitorLimits
from web.visits import Visits


def entrance(
    at: Settings,
    database: Callable[[], AppDatabase],
    held: Callable[[], int],
    farewell: bytes,
    pictures: tuple[Path, Path],
) -> tuple[list[Middleware], list[Route]]:
    """Put together what every request passes, outermost first, and the pages that stand beside those of the app.

    Args:
        at: the settings.
        database: opens the app database, or returns the one that is open.
        held: returns the bytes of all files that open pages hold now.
        farewell: message after which a page asks for itself anew.
        pictures: the logo and the icon.
    """
    outer = [Middleware(SecurityHeaders, tls=at.tls), Middleware(HostGuard, hosts=at.hosts)]
    limits = Middleware(VisitorLimits, limits=Limits(at.upload_mb, at.uploads_mb, at.pages_open), held=held)
    if not at.accounts:
        return [*outer, *([] if at.open_without_accounts else [Middleware(LoopbackOnly)]), limits], [HEALTH]
    visits = Visits(looking_up(database))
    sockets = OpenSockets(visits.standing, farewell)
    door = Door(database, visits, Forms(tls=at.tls), pictures)
    guard = Middleware(Guard, visits=visits, sockets=sockets, tls=at.tls)
    return [*outer, guard, limits], [HEALTH, *sign_in_routes(door)]


def looking_up(database: Callable[[], AppDatabase]) -> Callable[[Collection[str]], dict[str, Visit]]:
    """Return what finds the sessions that still stand among tokens, all in one transaction."""

    def look_up(tokens: Collection[str]) -> dict[str, Visit]:
        with database().reading() as session:
            found = {token: session_of(session, token) for token in tokens}
        return {token: visit for token, visit in found.items() if visit is not None}

    return look_up
