"""Starts Waferscope: one ASGI app of pages and API. `streamlit run app.py`, or any ASGI server with `app:app`."""

import threading
from contextlib import suppress
from pathlib import Path

import streamlit as st
from starlette.routing import Mount
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from core.settings import settings
from core.storage.home import open_home, sweep
from data.errors import SettingError, WaferError
from data.masking import mask_logs
from pages.parts.cache import stores
from pages.parts.links import ICON, LOGO
from pages.parts.routes import ROUTES
from pages.parts.uploads import bytes_held
from web.api import make_api
from web.api.service import PATH
from web.entrance import entrance
from web.loopback_only import check_address


def farewell() -> bytes:
    """Write the message after which a page asks for its own address anew, and so meets the sign-in."""
    message = ForwardMsg()
    message.auth_redirect.url = ""
    message.auth_redirect.SetInParent()
    return bytes(message.SerializeToString())


def check_place() -> None:
    """End the start where other machines would reach an app in which nobody has to sign in, unless that is meant."""
    at = settings()
    if not (at.accounts or at.open_without_accounts):
        try:
            check_address(st.get_option("server.address") or "")
        except SettingError as error:
            raise SystemExit(str(error)) from None


def warm_up() -> None:
    """Import what the pages import, load the lake and serve what was decided on, so that no visitor waits for it."""
    from core.registry.promotion import carry_out
    from core.registry.store import Registry
    from pages.parts.blocks import charts, filters  # noqa: F401
    from pages.parts.cache import models, pictures, results  # noqa: F401
    from pages.parts.wafers import gallery  # noqa: F401

    with suppress(WaferError):  # the page that needs the lake says what is wrong with it
        stores.lake().count()
    with suppress(WaferError):  # the page Models says what is wrong
        carry_out(Registry(settings()), stores.database(), settings())
    sweep(settings().home)


FOLDER = Path(__file__).parent
mask_logs()
check_place()
open_home(settings().home, settings().database_place, [FOLDER / ".streamlit" / "secrets.toml"])
MIDDLEWARE, OWN_ROUTES = entrance(settings(), stores.database, bytes_held, farewell(), (LOGO, ICON))
app = st.App(
    FOLDER / "pages" / "parts" / "shell.py",
    routes=[*ROUTES, *OWN_ROUTES, Mount(PATH, make_api())],
    middleware=MIDDLEWARE,
)
threading.Thread(target=warm_up, daemon=True, name="warm-up").start()
