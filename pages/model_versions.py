"""Models: the versions, what each reaches, two side by side, and which of them is served."""

from collections.abc import Sequence

import streamlit as st

from core.active_learning.ablation import read_ablation
from core.registry.store import Registry, Roles, Version
from core.segmentation.serving import served
from core.settings import settings
from pages.parts.empty import explained
from pages.parts.learn.ab_comparison import ab_comparison
from pages.parts.learn.ablation_table import ablation_view
from pages.parts.learn.model_gate import gate_block, roles_line, trial_block
from pages.parts.learn.trust_view import trust_view
from pages.parts.literal import literal

SHEET, SIDE_BY_SIDE, SERVE, HELPED = VIEWS = ("Trust sheet", "Side by side", "Serve", "What helped")


def named(version: Version) -> str:
    """Name a version, for people and links."""
    return str(version.number or "shipped")


def versions_table(versions: Sequence[Version], roles: Roles) -> None:
    """List the versions."""
    st.dataframe(
        {
            "Version": [named(v) for v in versions],
            "Model": [v.card.name for v in versions],
            "Role": [
                "champion" if v.number == roles.champion else "challenger" if v.number == roles.challenger else ""
                for v in versions
            ],
            "Registered": [v.registered_at for v in versions],
            "By": [v.registered_by for v in versions],
            "Encoder": [v.card.encoder for v in versions],
            "Precision": [v.card.precision for v in versions],
            "MB": [v.card.megabytes for v in versions],
            "Trained on": [v.card.data for v in versions],
            "Reports": [len(v.card.reports) for v in versions],
            "Note": [v.note for v in versions],
        },
        hide_index=True,
        placeholder="–",
        column_config={"Registered": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm")},
        key="versions",
    )


def choose(versions: Sequence[Version]) -> tuple[Version, str]:
    """Choose a version, and what to see of it."""
    by_name = {named(version): version for version in versions}
    if (asked := st.query_params.get("version")) and asked not in by_name:
        st.warning(f"There is no version {literal(asked)}; this is the newest.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox("Version", list(by_name), key="version", bind="query-params", width=140)
        view = st.segmented_control(
            "View",
            VIEWS,
            default=SHEET,
            required=True,
            key="view_model",
            bind="query-params",
            label_visibility="collapsed",
        )
    return by_name[chosen], view


def show() -> None:
    """List the versions, and show one of them."""
    at = settings()
    st.title("Models")
    with st.spinner("Asking the registry"):
        registry = Registry(at)
        roles, versions = registry.roles(), registry.versions()
    serving = served(at)
    roles_line(registry, roles, serving)
    if len(versions) == 1:
        st.info(
            "The shipped model is the only version. Train one and press *Make a version* above its run on the page "
            "Training: it then stands here, and can take its place when it passes the gate. Models made elsewhere come "
            "in by `python -m jobs.register_model`."
        )
    versions_table(versions, roles)
    version, view = choose(versions)
    if view == SIDE_BY_SIDE:
        ab_comparison(registry, version, [other for other in versions if other.number != version.number])
    elif view == SERVE:
        gate_block(registry, version, roles, at)
        trial_block(registry, serving, at)
    elif view == HELPED:
        ablation_view(read_ablation())
    else:
        trust_view(version, next(v for v in versions if v.number == roles.champion), at)


with explained():
    show()
