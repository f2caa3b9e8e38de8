"""Starts Waferscope: one ASGI app of pages and API. `streamlit run app.py`, or any ASGI server with `app:app`."""

import threading
from contextlib import suppress
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Mount

from core.settings import settings
from core.storage.home import open_home, sweep
from data.errors import WaferError
from data.masking import mask_logs
from pages.parts.routes import ROUTES
from pages.parts.uploads import bytes_held
from web.api import make_api
from web.api.service import PATH
from web.host_guard import HostGuard
from web.visitor_limits import Limits, VisitorLimits


def limits() -> Limits:
    """Read what visitors may take from the settings."""
    at = settings()
    return Limits(at.upload_mb, at.uploads_mb, at.pages_open)


def warm_up() -> None:
    """Import what the pages import, load the lake and serve what was decided on, so that no visitor waits for it."""
    from core.registry.promotion import carry_out
    from core.registry.store import Registry
    from pages.parts.blocks import charts, filters  # noqa: F401
    from pages.parts.cache import models, pictures, results, stores  # noqa: F401
    from pages.parts.wafers import gallery  # noqa: F401

    with suppress(WaferError):  # the page that needs the lake says what is wrong with it
        stores.lake().count()
    with suppress(WaferError):  # the page Models says what is wrong
        carry_out(Registry(settings()), stores.database(), settings())
    sweep(settings().home)


FOLDER = Path(__file__).parent
mask_logs()
open_home(settings().home, settings().database_place, [FOLDER / ".streamlit" / "secrets.toml"])
app = st.App(
    FOLDER / "pages" / "parts" / "shell.py",
    routes=[*ROUTES, Mount(PATH, make_api())],
    middleware=[
        Middleware(HostGuard, hosts=settings().hosts),
        Middleware(VisitorLimits, limits=limits(), held=bytes_held),
    ],
)
threading.Thread(target=warm_up, daemon=True, name="warm-up").start()
