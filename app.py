"""Starts Waferscope: one ASGI app that serves the pages. `streamlit run app.py`, or any ASGI server with `app:app`."""

import threading
from contextlib import suppress
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from core.settings import settings
from data.errors import WaferError
from pages.parts.routes import ROUTES
from pages.parts.uploads import bytes_held
from web.visitor_limits import Limits, VisitorLimits


def limits() -> Limits:
    """Read what visitors may take from the settings."""
    at = settings()
    return Limits(at.upload_mb, at.uploads_mb, at.pages_open)


def warm_up() -> None:
    """Import what the pages import and load the lake, so that the first visitor waits for neither."""
    from pages.parts.blocks import charts, filters  # noqa: F401
    from pages.parts.cache import models, pictures, results, stores  # noqa: F401
    from pages.parts.wafers import gallery  # noqa: F401

    with suppress(WaferError):  # the page that needs the lake says what is wrong with it
        stores.lake().count()


app = st.App(
    Path(__file__).parent / "pages" / "parts" / "shell.py",
    routes=ROUTES,
    middleware=[Middleware(VisitorLimits, limits=limits(), held=bytes_held)],
)
threading.Thread(target=warm_up, daemon=True, name="warm-up").start()
