"""The frame around every page: navigation, the look, the colour switch. Runs on every rerun, before the page."""

import streamlit as st

from core.settings import settings
from data.errors import WaferError
from pages.parts.links import GROUPS, page_of
from pages.parts.state import Key
from pages.parts.links import ICON, LOGO

st.set_page_config(page_title="Waferscope", page_icon=ICON, layout="wide")
st.logo(LOGO, size="large")

page = st.navigation({group: [page_of(name) for name in names] for group, names in GROUPS.items() if names})

try:
    start_safe = settings().color_safe
except WaferError as error:
    st.error(str(error))
    st.stop()
with st.sidebar:
    st.toggle(
        "Colour-blind-safe colours",
        value=start_safe,
        key=Key.SAFE_COLORS,
        persist_state="session",
        help="Draws the eight defect classes in colours that people with deuteranopia or protanopia can tell apart.",
    )
page.run()
