"""The wafer as one canvas in the browser: hover, zoom, keys and legend without asking the server."""

import base64
from collections.abc import Callable, Collection, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.components.v2.types import ComponentRenderer

from core.drawing.palette import GREYS, Palette, class_colors
from core.drawing.sheet import cell_aspect, drawn_frame, rim_in_dies
from core.instances import Instance
from core.segmentation import Segmentation
from data.bin_names import MAP, bin_names
from data.classes import CLASS_INDEX, CLASSES, DefectClass
from data.counting_words import counted
from data.wafer import PASS, WaferMap

ASSETS = Path(__file__).parent


def wafer_canvas(
    wafer: WaferMap,
    segmentation: Segmentation | None,
    instances: Sequence[Instance],
    *,
    key: str,
    palette: Palette,
    heat: str | None = None,
    focus: Instance | None = None,
    hidden: Collection[str] = (),
    height: int = 560,
    on_picked: Callable[[], None] = lambda: None,
    on_hidden: Callable[[], None] = lambda: None,
) -> None:
    """Show a wafer.

    Args:
        wafer: what was tested.
        segmentation: its patterns, None for passing and failing dies alone.
        instances: its clusters; a click on a die of one picks it.
        key: of the component.
        palette: the class colours.
        heat: class whose probability colours the dies, None for the patterns.
        focus: cluster to zoom to and to stress.
        hidden: classes that the legend starts with switched off.
        height: of the map in pixels.
        on_picked: called when a die is clicked; `picked` of the component's state then holds the cluster's number
            or "none".
        on_hidden: called when the legend hides or shows a class; `hidden` of the component's state then lists the
            hidden ones.
    """
    _component()(
        key=key,
        data=_payload(wafer, segmentation, instances, palette, heat)
        | {"focus": _focus(focus), "hidden": sorted(hidden), "height": height},
        on_picked_change=on_picked,
        on_hidden_change=on_hidden,
    )


@cache
def _component() -> ComponentRenderer:
    def read(name: str) -> str:
        return (ASSETS / f"wafer_{name}").read_text(encoding="utf-8")

    return st.components.v2.component(
        "waferscope_wafer", html=read("canvas.html"), css=read("canvas.css"), js=read("paint.js") + read("canvas.js")
    )


def _payload(
    wafer: WaferMap,
    segmentation: Segmentation | None,
    instances: Sequence[Instance],
    palette: Palette,
    heat: str | None,
) -> dict[str, object]:
    frame = drawn_frame(wafer)
    shape = wafer.dies.shape
    masks = np.zeros((len(CLASSES), *shape), dtype=bool) if segmentation is None else segmentation.masks
    colors = class_colors(palette)
    names = {c.key: c.name for c in CLASSES}
    shown = [c.key for c in CLASSES if masks[CLASS_INDEX[c.key]].any() or c.key == heat]
    return {
        "id": f"{wafer.key} {wafer.attributes.get(MAP, '')} {segmentation.model if segmentation else ''}",
        "rows": shape[0],
        "columns": shape[1],
        "aspect": cell_aspect(wafer),
        "center": frame.center,
        "rim": rim_in_dies(wafer),
        "pitch": frame.die_pitch_mm,
        "assumed": frame.assumed,
        "notch": str(wafer.notch),
        "dies": _packed(wafer.dies),
        "bins": None if wafer.bins is None else _packed(wafer.bins.astype("<u2")),
        "bin_names": {str(number): name for number, name in bin_names(wafer).items()},
        "labels": _packed(np.packbits(masks, axis=0, bitorder="little")[0]),
        "segmented": segmentation is not None,
        "classes": [_class_row(c, colors[c.key], masks[CLASS_INDEX[c.key]]) for c in CLASSES],
        "counts": {
            "background": int((wafer.failing & ~masks.any(axis=0)).sum()),
            "passing": int((wafer.dies == PASS).sum()),
        },
        "probability": {key: _quantised(segmentation, key) for key in shown if segmentation},
        "heat": heat,
        "clusters": [_cluster_row(i, names[i.class_key], shape[1]) for i in instances],
        "greys": {str(theme): vars(greys) for theme, greys in GREYS.items()},
        "alt": _spoken(wafer, instances, names),
    }


def _class_row(defect: DefectClass, color: str, mask: NDArray[np.bool_]) -> dict[str, object]:
    return {
        "key": defect.key,
        "name": defect.name,
        "color": color,
        "bit": 1 << CLASS_INDEX[defect.key],
        "definition": defect.definition,
        "dies": int(mask.sum()),
    }


def _cluster_row(instance: Instance, class_name: str, columns: int) -> dict[str, object]:
    return {
        "id": instance.number,
        "key": instance.class_key,
        "name": f"{class_name} {instance.number}",
        "dies": _packed((instance.dies[:, 0] * columns + instance.dies[:, 1]).astype("<u4")),
    }


def _quantised(segmentation: Segmentation, key: str) -> str:
    return _packed(np.rint(segmentation.probabilities[CLASS_INDEX[key]] * 255).astype(np.uint8))


def _packed(array: NDArray[np.generic]) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def _focus(instance: Instance | None) -> dict[str, object] | None:
    return None if instance is None else {"id": instance.number, "box": [int(edge) for edge in instance.bbox_die]}


def _spoken(wafer: WaferMap, instances: Sequence[Instance], names: dict[str, str]) -> str:
    passing = "" if wafer.passing_known else "passing dies unknown; "
    found = ", ".join(f"{names[i.class_key]} of {counted(i.die_count, 'die')}" for i in instances[:6]) or "no clusters"
    return (
        f"Wafer {wafer.key}: {wafer.fail_count} of {wafer.tested_count} dies fail; {passing}{found}. "
        "Arrow keys move over the dies, plus and minus zoom, Enter picks a cluster, Escape lets go."
    )
