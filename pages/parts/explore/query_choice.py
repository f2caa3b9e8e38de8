"""What similar wafers are wanted of: a wafer of the lake, an upload, one cluster of either, or a sketch."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import streamlit as st
from PIL import Image

from core.analysis.result import WaferResult
from core.drawing.palette import GREYS
from core.drawing.sheet import lay_out
from core.drawing.wafer import draw_wafer
from core.lake import Lake
from core.segmentation import Segmenter
from core.similarity.similar_wafers import Query, query_cluster, query_drawing, query_wafer
from core.similarity.sketches import emptied, product_examples, round_wafer, snap
from data.classes import CLASSES
from data.errors import WaferError
from data.formats import ReadFailure, known_suffixes
from data.wafer import WaferMap
from pages.parts.cache.results import analysed, uploaded
from pages.parts.links import link
from pages.parts.literal import literal, said_key
from pages.parts.state.choices import current_theme
from pages.parts.state.widgets import widget_text
from pages.parts.uploads import upload_bounds

NAMES = {c.key: c.name for c in CLASSES}
WAYS = ("Wafer of the lake", "Upload", "Sketch")
WHOLE = "0"
CANVAS_PX, LONGEST_LIST = 300, 2000
TURNED_HELP = (
    "Also finds the pattern in the seven other positions that quarter turns and flips bring it to, such as after a "
    "notch was set otherwise."
)
SKETCH_HELP = "A sketch is compared with single clusters: what else is on their wafers does not count."


@dataclass(frozen=True)
class Asked:
    """What was chosen.

    Args:
        query: makes the query; takes whether turned ones match too.
        result: the analysed wafer, None for a sketch.
        wafer: as it is looked for.
        name: what it is, in words.
        key: of the wafer in the lake, "" where it is not there.
    """

    query: Callable[[Segmenter, bool], Query]
    result: WaferResult | None
    wafer: WaferMap
    name: str
    key: str = ""


def choose_way() -> str:
    """Choose where what is looked for comes from."""
    chosen = st.segmented_control(
        "Look for",
        WAYS,
        default=WAYS[0],
        key="look_for",
        bind="query-params",
        required=True,
        label_visibility="collapsed",
    )
    return str(chosen or WAYS[0])


def ask(way: str, lake: Lake) -> Asked | None:
    """Let a person say what to look for; None as long as nothing is said.

    Raises:
        LakeError: the lake cannot be read.
        ModelError: the model cannot be used.
    """
    if way == WAYS[2]:
        return _sketch(lake)
    result, key = _of_lake(lake) if way == WAYS[0] else (_upload(), "")
    return None if result is None else _whole_or_cluster(result, key)


def _of_lake(lake: Lake) -> tuple[WaferResult | None, str]:
    widget = "similar-wafer"
    key = st.text_input(
        "Wafer",
        st.query_params.get("wafer", ""),
        key=widget,
        # Bound to the link by hand: a name that a widget here is bound to would be lost on the way to a wafer's page.
        on_change=lambda: st.query_params.update(wafer=widget_text(widget)),
        placeholder="LOT:WAFER",
        help="Lot and wafer with a colon between. Every wafer's own page leads here, too.",
    ).strip()
    if not key:
        st.caption("Type a wafer's name, or open one from the list and choose Find similar wafers there.")
        link("wafers", "All wafers")
        return None, ""
    try:
        result = lake.result(key)
    except WaferError as error:
        st.error(literal(error))
        return None, ""
    if result is None:
        result = analysed(lake.wafer(key), key)
    return result, key


def _upload() -> WaferResult | None:
    file = st.file_uploader(
        "Wafer map",
        type=[suffix.removeprefix(".") for suffix in known_suffixes()],
        key="similar-file",
        help="Any format that Segment reads. The file is only looked at, not kept.",
        **upload_bounds(),
    )
    if file is None:
        st.caption("Images of wafer maps, die tables, NPZ, STDF or a zip: any format that the Segment page reads.")
        return None
    content = file.getvalue()
    digest = sha256(content).hexdigest()
    read = uploaded(file.name, content, digest)
    for failure in [one for one in read if isinstance(one, ReadFailure)][:5]:
        st.error(literal(failure.reason))
    wafers = [one for one in read if isinstance(one, WaferMap)][:LONGEST_LIST]
    if not wafers:
        return None
    number = 0
    if len(wafers) > 1:
        number = st.selectbox("Wafer in the file", range(len(wafers)), format_func=lambda n: said_key(wafers[n].key))
    return analysed(wafers[number], f"{digest} {file.name} {number}")


def _whole_or_cluster(result: WaferResult, key: str) -> Asked:
    """Choose the whole wafer or one of its clusters."""
    wafer, chosen = result.wafer, WHOLE
    if result.instances:
        clusters = {str(i.number): f"{NAMES[i.class_key]} {i.number} ({i.die_count:,} dies)" for i in result.instances}
        options = [WHOLE, *clusters]
        linked = st.query_params.get("cluster", WHOLE)
        widget = f"similar-cluster-{wafer.key}"
        chosen = st.selectbox(
            "Pattern",
            options,
            index=options.index(linked) if linked in options else 0,
            key=widget,
            # Bound to the link by hand: Streamlit would put the words of the choice there, not the number.
            on_change=lambda: st.query_params.update(cluster=widget_text(widget)),
            format_func=lambda number: clusters.get(number, "The whole wafer"),
            help="Of a wafer with several patterns one can be looked for alone, whatever else is on the wafers found.",
        )
    name = said_key(wafer.key)
    instance = next((i for i in result.instances if str(i.number) == chosen), None)
    if instance is None:
        return Asked(lambda model, turned: query_wafer(result, model, turned=turned), result, wafer, name, key)
    return Asked(
        lambda model, turned: query_cluster(wafer, instance, model, turned=turned),
        result,
        wafer,
        f"{NAMES[instance.class_key].lower()} {instance.number} of {name}",
        key,
    )


def _sketch(lake: Lake) -> Asked | None:
    """Draw on an empty wafer; strokes snap to dies."""
    examples = product_examples(lake)
    grid = st.selectbox(
        "Die grid", ["Round, 36 dies across", *examples], help="Grid to draw on: that of a product, or a plain one."
    )
    empty = emptied(lake.wafer(examples[grid])) if grid in examples else round_wafer()
    theme = current_theme()
    cell_px = max(1, CANVAS_PX // max(empty.dies.shape))
    sheet = lay_out(empty, cell_px)
    dies = st.slider("Pen width in dies", 1, 9, 2)
    from streamlit_drawable_canvas import st_canvas  # it can be imported in a running app alone

    drawn = st_canvas(
        stroke_width=max(2, round(dies * cell_px * 1.1)),
        stroke_color=GREYS[theme].ink,
        background_image=Image.fromarray(draw_wafer(empty, theme=theme, cell_px=cell_px)),
        height=sheet.size[0],
        width=sheet.size[1],
        return_image_data=True,
        key=f"similar-sketch-{grid}-{theme}",
    )
    st.caption("Draw with the mouse; undo, redo and clear stand above the wafer.", help=SKETCH_HELP)
    if drawn.json_data is None or not drawn.json_data.get("objects") or drawn.image_data is None:
        return None
    wafer = snap(np.asarray(drawn.image_data)[: sheet.size[0], : sheet.size[1], 3] > 0, empty, sheet)
    if not wafer.fail_count:
        return None
    return Asked(lambda model, turned: query_drawing(wafer, model, turned=turned), None, wafer, "the sketch")
