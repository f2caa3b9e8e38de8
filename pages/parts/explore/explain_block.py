"""Why the model says so, for one wafer: what an answer rests on, how unsure it is, and both in a sentence."""

from enum import StrEnum

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.analysis.result import WaferResult
from core.drawing.palette import share_ramp
from core.drawing.value_maps import Scale
from core.explain.activation import METHOD as ACTIVATION
from core.explain.activation import Activation
from core.explain.attribution import Attribution
from core.explain.occlusion import METHOD as OCCLUSION
from core.explain.occlusion import Occlusion
from core.explain.places import lesson, place, sentence
from core.segmentation.uncertainty import Decomposition
from data.classes import CLASS_INDEX, CLASSES
from data.errors import ModelError, TrainingMissingError
from pages.parts.cache.models import activations, segmenter
from pages.parts.cache.results import occlusions, uncertainty
from pages.parts.literal import literal
from pages.parts.state.choices import chosen_palette, current_theme
from pages.parts.state.view import ViewState
from pages.parts.wafers.canvas import wafer_canvas
from pages.parts.wafers.value_map import value_map

NAMES = {c.key: c.name for c in CLASSES}
STATE = ViewState("explain")
HEIGHT = 380
UNCERTAINTIES = {
    "All uncertainty": ("total", "How unsure the mean answer is: aleatoric and epistemic together."),
    "Of the wafer (aleatoric)": ("aleatoric", "What stays unsure in every pass: the dies are ambiguous."),
    "Of the model (epistemic)": ("epistemic", "What the passes disagree on: more labels like this one would help."),
}


class Way(StrEnum):
    """How it is found out what an answer rests on."""

    OCCLUSION = "Occlusion"
    ACTIVATION = "Grad-CAM"


EVIDENCE_HELP = {
    Way.OCCLUSION: (
        f"{OCCLUSION}. The failures of one small window after the other are taken away and the model is asked again. "
        "The more surely it answered with them than without, the more evidence they carry: shares that sum to 100 %."
    ),
    Way.ACTIVATION: (
        f"{ACTIVATION}. Nothing is taken away: shown is where the features lie that raised the answer, on passing dies "
        "too, 100 % where they raised it most. The first time torch is loaded, which takes seconds."
    ),
}
UNCERTAINTY_HELP = (
    "Entropy of yes or no for the class on every failing die, 100 % being one bit: as unsure as a thrown coin. From 20 "
    "passes with 30 % of the coarsest features dropped (Monte-Carlo dropout; Gal and Ghahramani, 2016)."
)


def explain_block(result: WaferResult) -> None:
    """Show on what the model in use bases what it says of this wafer, folded away until wanted."""
    st.divider()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Explain**", help="On which failures an answer rests, and how unsure it is.", width="content")
        wanted = st.toggle("Show", key="explain", bind="query-params", help=EVIDENCE_HELP[Way.OCCLUSION])
    if not wanted:
        return
    if not result.instances:
        st.info("The model found no pattern on this wafer, so there is no answer to explain.")
        return
    if segmenter().name != result.segmentation.model:
        st.caption(
            f"What is shown was found by {literal(result.segmentation.model)}; explained is what the model in use "
            f"answers, {literal(segmenter().name)}."
        )
    st.fragment(_explained)(result)


def _explained(result: WaferResult) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        class_key, number = _choose(result)
        way = (
            st.segmented_control(
                "Evidence by",
                list(Way),
                default=Way.OCCLUSION,
                required=True,
                key="explain-way",
                persist_state="session",
                help="\n\n".join(f"**{name}**: {words}" for name, words in EVIDENCE_HELP.items()),
            )
            or Way.OCCLUSION
        )
    try:
        found = _attribution(result, class_key, number, way)
    except (ModelError, TrainingMissingError) as error:
        st.info(literal(error))
        return
    own = _own_dies(result, class_key, number)
    driving = found.within(own).driving
    st.markdown(_said(result, found, class_key, number, own))
    st.caption(lesson(class_key))
    left, middle, right = st.columns(3, gap="medium")
    with left:
        st.markdown("**What was found**", help="Click a cluster to explain it alone; click beside it for its class.")
        focus = next((i for i in result.instances if i.number == number), None)
        wafer_canvas(
            result.wafer,
            result.segmentation,
            result.instances,
            key=STATE.canvas_key,
            palette=chosen_palette(),
            focus=focus,
            height=HEIGHT,
            on_picked=lambda: STATE.choose_clicked(result.wafer.key),
        )
    with middle:
        st.markdown(f"**What {_answer(result, class_key, number)} rests on**", help=EVIDENCE_HELP[way])
        _evidence_map(result, found, class_key, driving)
    with right:
        _uncertainty_map(result, class_key)


def _choose(result: WaferResult) -> tuple[str, int | None]:
    """Class to explain, and the number of the cluster that was clicked, None for the class as a whole."""
    number = STATE.cluster(result.wafer.key)
    cluster = next((i for i in result.instances if i.number == number), None)
    there = sorted({i.class_key for i in result.instances}, key=lambda key: CLASS_INDEX[key])
    if cluster is None:
        return st.segmented_control(
            "Answer to explain",
            there,
            format_func=lambda key: NAMES[key],
            default=there[0],
            required=True,
            key=f"explain-class-{result.wafer.key}",
        ) or there[0], None
    st.markdown(f"**{NAMES[cluster.class_key]} {cluster.number}**: {cluster.die_count:,} dies", width="content")
    st.button("Explain whole classes", on_click=lambda: STATE.choose(result.wafer.key, None))
    return cluster.class_key, cluster.number


def _attribution(result: WaferResult, class_key: str, number: int | None, way: Way) -> Attribution:
    cluster = next((i for i in result.instances if i.number == number), None)
    if way == Way.OCCLUSION:
        with st.spinner("Taking failures away, window by window"):
            runs = occlusions(result.wafer)
        return runs.of_class(class_key) if cluster is None else runs.of_dies(class_key, cluster.dies)
    asked = activations()
    with st.spinner("Following the answer back to the features that raised it"):
        if cluster is None:
            return asked.of_class(result.wafer, class_key)
        return asked.of_dies(result.wafer, class_key, cluster.dies)


def _answer(result: WaferResult, class_key: str, number: int | None) -> str:
    return f"'{NAMES[class_key]}'" if number is None else f"cluster {NAMES[class_key]} {number}"


def _own_dies(result: WaferResult, class_key: str, number: int | None) -> NDArray[np.bool_]:
    """Dies (H, W) of the answer: what lies on others, as on another pattern, is no reason for it to be named."""
    own = np.zeros(result.wafer.dies.shape, dtype=np.bool_)
    if number is None:
        own |= result.segmentation.masks[CLASS_INDEX[class_key]]
    for cluster in result.instances:
        if cluster.number == number:
            own[cluster.dies[:, 0], cluster.dies[:, 1]] = True
    return own


def _said(result: WaferResult, found: Attribution, class_key: str, number: int | None, own: NDArray[np.bool_]) -> str:
    what, driving = _answer(result, class_key, number), found.within(own).driving
    if not found.driving.any() and isinstance(found, Occlusion):
        return f"No single window of failures weakened {what} when it was taken away: the model sees it all over."
    if not found.driving.any():
        return f"No feature that lies on failing dies raised {what}."
    elsewhere = 1 - found.share_on(own)
    if not driving.any():
        return f"All evidence for {what} lies on other failures than its own: look at it twice."
    said = f"{sentence(class_key, place(result.wafer, driving), result.wafer, what)} They carry half of the evidence"
    said += f" on its own dies; {elsewhere:.0%} of all lies on other failures." if round(elsewhere, 2) else "."
    if isinstance(found, Occlusion) and found.against:
        said += f" {found.against:.0%} of the {found.windows} windows spoke against it."
    return said


def _evidence_map(result: WaferResult, found: Attribution, class_key: str, driving: NDArray[np.bool_]) -> None:
    evidence, unit, name, digits = found.evidence, "share of the evidence", "evidence, %", 2
    what = f"Share of the evidence for {NAMES[class_key]} that each failing die carries"
    if isinstance(found, Activation):
        evidence, unit, name, digits = np.where(result.wafer.on_wafer, found.map, np.nan), "of the most", "raised, %", 0
        what = f"How much the features on each die raised {NAMES[class_key]}"
    most = float(np.nanmax(evidence, initial=0.0))
    ramp = share_ramp(class_key, chosen_palette(), current_theme())
    value_map(
        result.wafer,
        evidence,
        Scale(ramp, 0.0, most or 1.0),
        key="explain-evidence",
        unit=unit,
        said=[(name, np.round(np.nan_to_num(evidence) * 100, digits))],
        marked=driving,
        height=HEIGHT,
        alt=what,
    )
    st.caption("Dotted: the fewest of its own dies that carry half of the evidence that lies on them.")


def _uncertainty_map(result: WaferResult, class_key: str) -> None:
    chosen = st.selectbox(
        "Uncertainty",
        list(UNCERTAINTIES),
        key="explain-uncertainty",
        label_visibility="collapsed",
        persist_state="session",
    )
    part, meaning = UNCERTAINTIES[chosen]
    try:
        with st.spinner("Asking twenty times with features dropped"):
            found = uncertainty(result.wafer)
    except ModelError as error:
        st.info(literal(error))
        return
    values = _over_failing(found, part, class_key, result.wafer.failing)
    ramp = share_ramp(None, chosen_palette(), current_theme())
    value_map(
        result.wafer,
        values,
        Scale(ramp, 0.0, 1.0),
        key=f"explain-uncertainty-{part}",
        unit="of one bit",
        said=[("uncertainty, % of a bit", np.round(np.nan_to_num(values) * 100, 1))],
        height=HEIGHT,
        alt=f"{chosen} about {NAMES[class_key]} on each failing die",
    )
    st.caption(meaning, help=UNCERTAINTY_HELP)


def _over_failing(found: Decomposition, part: str, class_key: str, failing: NDArray[np.bool_]) -> NDArray[np.float64]:
    values: NDArray[np.float32] = getattr(found, part)[CLASS_INDEX[class_key]]
    return np.where(failing, values, np.nan).astype(np.float64)
