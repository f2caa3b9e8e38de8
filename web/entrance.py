"""What stands before the pages, put together: names, headers, the guard, the sign-in and what visitors may take."""

from collections.abc import Callable, Collection
from pathlib import Path

from starlette.middleware import Middleware
from starlette.routing import Route

from core.database import AppDatabase
from core.identity import Person
from core.people.keys import key_of, use_key
from core.people.providers import read_providers
from core.people.sessions import Visit, is_stale, session_of, touch
from core.people.vouched import Admission
from core.settings import Settings
from data.errors import SettingError
from web.guard import Guard
from web.health import HEALTH
from web.host_guard import HostGuard
from web.loopback_only import LoopbackOnly
from web.open_sockets import OpenSockets
from web.proxy_identity import ProxyIdentity, proxy_secret
from web.remembered import Remembered
from web.security_headers import SecurityHeaders
from web.sign_in.company import paths_of
from web.sign_in.door import Door
from web.sign_in.forms import Forms
from web.sign_in.routes import sign_in_routes
from web.visitor_limits import Limits, VisitorLimits


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

    Raises:
        SettingError: a setting of the names of the app, or of who signs people in, cannot be used.
    """
    outer = [Middleware(SecurityHeaders, tls=at.tls), Middleware(HostGuard, hosts=at.hosts)]
    limits = Middleware(VisitorLimits, limits=Limits(at.upload_mb, at.uploads_mb, at.pages_open), held=held)
    if not at.accounts:
        if at.oidc or at.proxy_header:
            which = "WAFERSCOPE_OIDC" if at.oidc else "WAFERSCOPE_PROXY_HEADER"
            raise SettingError(which, "it says who may sign in, and nobody has to", "Set WAFERSCOPE_ACCOUNTS=on.")
        return [*outer, *([] if at.open_without_accounts else [Middleware(LoopbackOnly)]), limits], [HEALTH]
    visits, keys = Remembered(sessions_of(database)), Remembered(accounts_of(database))
    sockets = OpenSockets(visits.standing, farewell)
    door = Door(database, visits, Forms(tls=at.tls), pictures)
    providers = read_providers(at.oidc)
    opened = paths_of(providers)
    guard = Middleware(Guard, visits=visits, keys=keys, sockets=sockets, tls=at.tls, more_open=opened)
    if at.proxy_header or at.proxy_secret_file:
        outer.append(Middleware(ProxyIdentity, header=at.proxy_header, secret=proxy_secret(at)))
    routes = sign_in_routes(door, providers, at.url, Admission(sign_up=at.proxy_sign_up))
    return [*outer, guard, limits], [HEALTH, *routes]


def sessions_of(database: Callable[[], AppDatabase]) -> Callable[[Collection[str]], dict[str, Visit]]:
    """Return what finds the sessions that still stand among tokens, and keeps once a minute that they are used."""

    def look_up(tokens: Collection[str]) -> dict[str, Visit]:
        with database().reading() as session:
            found = {token: session_of(session, token) for token in tokens}
        standing = {token: visit for token, visit in found.items() if visit is not None}
        if stale := [visit for visit in standing.values() if is_stale(visit)]:
            with database().writing() as session:
                for visit in stale:
                    touch(session, visit)
        return standing

    return look_up


def accounts_of(database: Callable[[], AppDatabase]) -> Callable[[Collection[str]], dict[str, Person]]:
    """Return what finds whose keys are, each as "KEY ADDRESS", and keeps that they are used, and from where."""

    def look_up(asked: Collection[str]) -> dict[str, Person]:
        with database().reading() as session:
            found = {one: key_of(session, one.partition(" ")[0]) for one in asked}
        standing = {one: held[0] for one, held in found.items() if held is not None}
        if standing:
            with database().writing() as session:
                for one in standing:
                    key, _, address = one.partition(" ")
                    use_key(session, key, address=address)
        return standing

    return look_up
