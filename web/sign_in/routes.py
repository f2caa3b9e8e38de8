"""The addresses of signing in, and what answers there."""

from collections.abc import Mapping
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Route

from core.people.providers import Provider
from core.people.vouched import Admission
from web.sign_in.company import CompanySignIn, buttons_of
from web.sign_in.door import Door
from web.sign_in.look import STYLE
from web.sign_in.setting_password import SettingPassword
from web.sign_in.signing_in import SigningIn

KEPT_SECONDS = 3600


def sign_in_routes(door: Door, providers: Mapping[str, Provider], url: str, by_proxy: Admission) -> list[Route]:
    """Return the routes of signing in and out, of setting a password, and of what their pages are drawn with.

    Args:
        door: what is needed to let somebody in.
        providers: of identities, by name.
        url: by which people reach the app.
        by_proxy: what holds for people for whom the trusted proxy vouches, and whom nobody here knows.
    """
    signing_in, setting = SigningIn(door, buttons_of(providers), by_proxy), SettingPassword(door)
    company = CompanySignIn(door, signing_in, providers, url)
    logo, icon = door.pictures
    return [
        Route("/login", signing_in.show, methods=["GET"]),
        Route("/login", signing_in.take, methods=["POST"]),
        Route("/login/code", signing_in.take_code, methods=["POST"]),
        *company.routes(),
        Route("/logout", signing_in.ask_out, methods=["GET"]),
        Route("/logout", signing_in.take_out, methods=["POST"]),
        Route("/set-password", setting.show, methods=["GET"]),
        Route("/set-password", setting.take, methods=["POST"]),
        _picture("/login/style.css", STYLE, "text/css"),
        _picture("/login/logo.svg", logo, "image/svg+xml"),
        _picture("/login/icon.svg", icon, "image/svg+xml"),
    ]


def _picture(address: str, path: Path, kind: str) -> Route:
    async def send(_: Request) -> FileResponse:
        return FileResponse(path, media_type=kind, headers={"cache-control": f"public, max-age={KEPT_SECONDS}"})

    return Route(address, send)
