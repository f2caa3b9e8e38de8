"""Pictures of wafers as the pages show them: of the lake, of results and uploads that are not in it."""

import base64
from collections.abc import Mapping, Sequence
from threading import Lock

import streamlit as st

from core.analysis.result import WaferResult
from core.drawing.axes import axes_png
from core.drawing.palette import Palette, Theme
from core.drawing.wafer import thumbnail_png
from core.ingestion.tone_preview import TonePreview, tone_preview
from core.lake import Lake, WaferFilter
from core.lake.rows import dies_hash
from data.formats import ReadOptions
from data.orientation import axis_directions
from data.wafer import WaferMap
from pages.parts.cache.stores import lake

THUMBNAIL_PX = 128
MAX_PICTURES = 4000
Name = tuple[str, str, Palette, Theme]


def thumbnails(
    keys: Sequence[str], stamps: Sequence[object], palette: Palette, theme: Theme, where: WaferFilter
) -> dict[str, str]:
    """Return small pictures of wafers as data URIs, in the palette and theme.

    Args:
        keys: wafers of the lake.
        stamps: of each wafer, something that changes when the wafer was tested or segmented anew.
        palette: class colours.
        theme: what the pictures lie on.
        where: the filter that the wafers passed: where it chooses a step, they are drawn as its tests have them.
    """
    store, filling = _pictures(lake().name)
    names = {key: (key, f"{stamp} {where.step}", palette, theme) for key, stamp in zip(keys, stamps, strict=True)}
    if any(name not in store for name in names.values()):
        with filling:
            _draw_missing(store, names, lake().seen_by(where))
    return {key: store[name] for key, name in names.items() if name in store}


@st.cache_data(max_entries=4000, show_spinner=False)
def result_thumbnail(stamp: str, _result: WaferResult, palette: Palette, theme: Theme, side_px: int) -> str:
    """Return a small picture of a result that is not in the lake as a data URI.

    Args:
        stamp: says all that the picture depends on but its look: the file, the wafer in it, how it was made.
        _result: the analysed wafer.
        palette: class colours.
        theme: what the picture lies on.
        side_px: longest side.
    """
    png = thumbnail_png(_result.wafer, _result.segmentation, palette, theme, side_px)
    return "data:image/png;base64," + base64.b64encode(png).decode()


def axes_picture(wafer: WaferMap, theme: Theme) -> bytes:
    """Return a wafer's picture with notch and axes as PNG.

    Args:
        wafer: as it would be saved.
        theme: what the picture lies on.
    """
    said = f"{dies_hash(wafer)} {wafer.die_pitch_mm} {wafer.diameter_mm} {axis_directions(wafer)}"
    return _axes_picture(said, theme, wafer)


def tone_pictures(sha256: str, options: ReadOptions, name: str, content: bytes, theme: Theme) -> TonePreview | None:
    """Return what reading makes of a file's first image, None when the file is no image.

    Args:
        sha256: of the content.
        options: how to read.
        name: the file's name.
        content: its bytes.
        theme: what the pictures lie on.
    """
    return _tone_pictures(f"{sha256} {options}", theme, options, name, content)


def _draw_missing(store: dict[Name, str], names: Mapping[str, Name], seen: Lake) -> None:
    missing = [key for key, name in names.items() if name not in store]
    results = seen.results_by_keys(missing)
    wafers = seen.wafers_by_keys([key for key in missing if key not in results])
    for key in missing:
        found = results.get(key)
        wafer = found.wafer if found else wafers.get(key)
        if wafer is not None:
            png = thumbnail_png(wafer, found.segmentation if found else None, *names[key][2:], THUMBNAIL_PX)
            store[names[key]] = "data:image/png;base64," + base64.b64encode(png).decode()
    for name in list(store)[: max(0, len(store) - MAX_PICTURES)]:
        store.pop(name, None)


@st.cache_resource(max_entries=4)
def _pictures(name: str) -> tuple[dict[Name, str], Lock]:
    """One store for all pictures of a lake, filled a page at a time, so that a page of the table is one query.

    One session at a time fills it: those who open the same page at once would all draw the same.
    """
    return {}, Lock()


@st.cache_data(max_entries=500, show_spinner=False)
def _axes_picture(said: str, theme: Theme, _wafer: WaferMap) -> bytes:
    return axes_png(_wafer, theme)


@st.cache_data(max_entries=200, show_spinner=False)
def _tone_pictures(stamp: str, theme: Theme, _options: ReadOptions, _name: str, _content: bytes) -> TonePreview | None:
    return tone_preview(_name, _content, _options, theme)
