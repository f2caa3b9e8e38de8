"""Starts Waferscope: one ASGI app that serves the pages. `streamlit run app.py`, or any ASGI server with `app:app`."""

import threading
from contextlib import suppress
from pathlib import Path

import streamlit as st

from data.errors import WaferError
from pages.parts.routes import ROUTES


def warm_up() -> None:
    """Import what the pages import and load the lake, so that the first visitor waits for neither."""
    from pages.parts.blocks import charts, filters  # noqa: F401
    from pages.parts.cache import models, pictures, results, stores  # noqa: F401
    from pages.parts.wafers import gallery  # noqa: F401

    with suppress(WaferError):  # the page that needs the lake says what is wrong with it
        stores.lake().count()


app = st.App(Path(__file__).parent / "pages" / "parts" / "shell.py", routes=ROUTES)
threading.Thread(target=warm_up, daemon=True, name="warm-up").start()
