"""A page with every kind of text that the app's pages show, each with a name that was made literal."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from pages.parts.literal import in_chart, literal

PIXEL = np.zeros((2, 2, 3), dtype=np.uint8)
NAME = "name"
"""Of the name in the query string."""


def show() -> None:
    """Draw one element of a kind below the other."""
    name = st.query_params[NAME]
    text = literal(name)
    for kind, draw in kinds(name, text).items():
        with st.container(key=f"kind-{kind}"):
            draw()
    st.text("That is all.")


def kinds(name: str, text: str) -> dict[str, Callable[[], object]]:
    """Return what draws each kind of text; those that Streamlit does not read as markdown take the name as it is."""
    labels = (
        "button", "checkbox", "toggle", "text_input", "text_area", "number_input", "file_uploader", "expander",
        "popover", "title", "header", "subheader", "markdown", "caption", "error", "warning", "info", "success",
    )  # fmt: skip
    return {
        **{kind: (lambda kind=kind: getattr(st, kind)(text)) for kind in labels},
        "bold": lambda: st.markdown(f"**{text}** on **3** wafers, {text} · {text}"),
        "list": lambda: st.markdown(f"- {text}\n- {text}"),
        "link": lambda: st.page_link("http://127.0.0.1/", label=f":primary[{text}]"),
        "download": lambda: st.download_button(text, b"x", key="download"),
        "metric": lambda: st.metric(text, text),
        "tabs": lambda: st.tabs([text, "other"]),
        "progress": lambda: st.progress(0.5, text),
        "image": lambda: st.image(PIXEL, caption=text),
        "table": lambda: st.table({text: text}),
        "frame_table": lambda: st.table(pd.DataFrame({"": [text], "b": [text]}).set_index("")),
        "radio": lambda: st.radio("One", [text], captions=[text]),
        "pills": lambda: st.pills("One", [0], format_func=lambda _: text),
        "segments": lambda: st.segmented_control("One", [0], format_func=lambda _: text),
        "selectbox": lambda: st.selectbox(text, [name]),
        "multiselect": lambda: st.multiselect(text, [name], [name]),
        "text": lambda: st.text(name),
        "dataframe": lambda: st.dataframe(pd.DataFrame({"one": [name]})),
        "help": lambda: st.text("Point here", help=text),
        "toast": lambda: st.toast(text, duration="infinite"),
        "chart": lambda: st.plotly_chart(chart(in_chart(name))),
    }


def chart(text: str) -> go.Figure:
    """Draw a name on an axis, in a legend, as a title and as a note."""
    figure = go.Figure([go.Bar(x=[text], y=[1], name=text, text=[text], showlegend=True)])
    figure.update_xaxes(type="category", title=text)
    figure.add_annotation(text=text, x=0, y=1.1, showarrow=False)
    return figure
