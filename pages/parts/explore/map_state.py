"""The map of similar wafers as its page needs it: there, being built, or built from here."""

import math
from collections.abc import Mapping

import plotly.graph_objects as go
import streamlit as st

from core.jobs.launch import start
from core.lake import Lake
from core.projection.clusters import FEWEST_ASKED, MOST_ASKED
from core.projection.keeping import About
from core.projection.views import LakeMap
from core.settings import settings
from core.similarity.embeddings import embed
from data.errors import MapError
from pages.parts.blocks.charts import accent, quiet_figure, show_figure
from pages.parts.blocks.job_watch import job_watch, newest_job
from pages.parts.cache.models import segmenter
from pages.parts.cache.stores import database
from pages.parts.literal import literal
from pages.parts.measures import HELP
from pages.parts.person import person_or_account

JOB = "map_wafers"


def ready_map(lake: Lake) -> LakeMap:
    """Return the map; where there is none that may be shown, the page ends with what to do about it.

    Raises:
        ModelError: the model cannot be used, or gives no embeddings.
        LakeError: the lake cannot be read.
        AppDatabaseError: the app database cannot be used.
    """
    embed([], segmenter())
    job = newest_job(JOB)
    job_watch(job)
    building = job is not None and job.underway
    try:
        with st.spinner("Opening the map"):
            found = LakeMap.open(lake, settings().home, segmenter().name)
    except MapError as error:
        if not building:
            _offer_first(error)
        st.stop()
    _facts(found, building)
    return found


def _offer_first(error: MapError) -> None:
    with st.container(border=True):
        st.markdown(f"**There is no map to show:** {literal(error.problem)}.")
        st.markdown(
            "Building it embeds the wafers that are not embedded yet, lays them out by how much they look alike and "
            "parts them into clusters. That takes a minute or two for some thousand wafers, and goes on when you leave "
            "this page."
        )
        if st.button("Build the map", type="primary"):
            _start([], "Build the map")
        st.caption("Without a screen: `python -m jobs.map_wafers`")


def _facts(found: LakeMap, building: bool) -> None:
    """Show what the map is made of, and offer to bring it up to date or to part it anew."""
    about = found.about
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            f"**{about.wafers:,}** wafers, fitted on {about.fitted:,} ({about.fitted_at[:10]}), "
            f"seen by {literal(about.model)}",
            width="content",
        )
        chosen = "chosen by silhouette" if about.asked is None else "as asked"
        silhouette = "" if math.isnan(about.silhouette) else f", silhouette **{about.silhouette:.2f}**"
        st.caption(f"**{len(about.names)}** clusters, {chosen}{silhouette}", width="content", help=HELP["silhouette"])
        with st.popover("Clusters", disabled=building):
            _choose_clusters(about)
        if found.missing and st.button(
            f"Add {found.missing:,} wafers",
            type="primary",
            disabled=building,
            help="Wafers of the lake that are not on the map yet. Nothing on it moves.",
        ):
            _start(_clusters(about), "Bring the map up to date")
        if st.button(
            "Fit anew",
            disabled=building,
            help="Lays all wafers out again. Places and clusters change; links to an area lose their meaning.",
        ):
            _start(["--anew", *_clusters(about)], "Fit the map anew")


def _choose_clusters(about: About) -> None:
    st.markdown("**How many clusters**", help=HELP["map_clusters"])
    count = st.number_input(
        "Clusters",
        FEWEST_ASKED,
        MOST_ASKED,
        value=len(about.names),
        key="map-clusters",
        help="Parts the wafers anew for everybody who looks at this map; no wafer moves.",
    )
    with st.container(horizontal=True):
        if st.button("Part anew", type="primary"):
            _start(["--clusters", str(count)], "Part into clusters")
        if st.button("By silhouette", disabled=about.asked is None, help="Lets the silhouette choose the number."):
            _start([], "Part into clusters")
    if len(about.silhouettes) > 1:
        _silhouettes(about.silhouettes, len(about.names))


def _clusters(about: About) -> list[str]:
    """Flags that keep the number of clusters as it was asked for."""
    return [] if about.asked is None else ["--clusters", str(about.asked)]


def _start(flags: list[str], title: str) -> None:
    start(database(), settings(), JOB, flags, person_or_account(), title=title)
    st.rerun()


def _silhouettes(values: Mapping[int, float], chosen: int) -> None:
    line = go.Scatter(
        x=list(values),
        y=list(values.values()),
        mode="lines+markers",
        line={"width": 1.5, "color": accent()},
        marker={"size": [9 if k == chosen else 4 for k in values]},
        hovertemplate="%{x} clusters: %{y:.3f}<extra></extra>",
    )
    figure = quiet_figure([line], 160, left=44, bottom=34)
    figure.update_xaxes(title="clusters", showgrid=False)
    figure.update_yaxes(title="silhouette", nticks=4, zeroline=False)
    spoken = ", ".join(f"{k}: {value:.2f}" for k, value in values.items())
    show_figure(figure, "map-silhouettes", f"Mean silhouette by number of clusters: {spoken}")
