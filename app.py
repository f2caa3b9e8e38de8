"""Starts Waferscope: one ASGI app that serves the pages. `streamlit run app.py`, or any ASGI server with `app:app`."""

from pathlib import Path

import streamlit as st

app = st.App(Path(__file__).parent / "pages" / "parts" / "shell.py")
