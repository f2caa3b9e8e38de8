"""The only caches of the pages: keyed by names and hashes, never by arrays, and every one bounded."""

import base64
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import TypeVar

import streamlit as st

from core.analysis.result import WaferResult, analyse
from core.comparison.comparison import history_steps as list_history_steps
from core.database import AppDatabase
from core.drawing.axes import axes_png
from core.drawing.palette import Palette, Theme
from core.drawing.wafer import thumbnail_png
from core.explain.activation import Activations
from core.ingestion.samples import sample_files
from core.ingestion.tone_preview import TonePreview, tone_preview
from core.lake import Lake, WaferFilter
from core.lake.rows import dies_hash
from core.lots.stacking import Grid, Stack, stack
from core.segmentation import Segmentation, Segmenter
from core.segmentation.network import ModelMetadata
from core.segmentation.serving import model_in_use
from core.settings import settings
from core.similarity import SimilarityIndex
from core.similarity.index import Kind, index_stamp
from core.storage.blobs import Blobs
from data.errors import ModelError
from data.formats import ReadFailure, ReadOptions, read_bytes
from data.orientation import axis_directions
from data.wafer import WaferMap

THUMBNAIL_PX = 128
Made = TypeVar("Made")


def lake() -> Lake:
    """Return the site's lake."""
    return _lake(settings().lake_url)


def blobs() -> Blobs:
    """Return the site's store of original files."""
    return Blobs(settings().blobs_url)


def database() -> AppDatabase:
    """Return the site's database of what people decide.

    Raises:
        AppDatabaseError: it cannot be opened.
    """
    return _database(settings().database_place)


def segmenter() -> Segmenter:
    """Return the model that the site serves, loaded once.

    Raises:
        ModelError: there is none, or it is damaged.
    """
    return _segmenter(str(model_in_use(settings())), settings().threads or None)


def similarity_index(kind: Kind) -> SimilarityIndex:
    """Return the site's index of similar wafers, with what the lake embedded up to half a minute ago.

    Raises:
        IndexMissingError: it was not built yet, is damaged, or is of another model than the one in use.
        ModelError: there is no model, or it is damaged.
    """
    home, model = settings().home, segmenter().name
    stamp = index_stamp(home, kind)
    index = _similarity_index(str(home), model, kind, stamp)
    _caught_up(settings().lake_url, model, kind, stamp, index)
    return index


def uploaded(name: str, content: bytes, sha256: str) -> list[WaferMap | ReadFailure]:
    """Return what reading makes of a file that is only looked at and not kept."""
    return _uploaded(sha256, name, content)


def analysed(wafer: WaferMap, stamp: str) -> WaferResult:
    """Return what the model in use finds on a wafer that is not in the lake.

    Args:
        wafer: to segment.
        stamp: says all of the wafer, such as the file's hash and the number of the wafer in it.
    """
    model = segmenter()
    return _analysed(f"{model.name} {stamp}", model, wafer)


def everywhere(result: WaferResult) -> Segmentation:
    """Return a segmentation with the probabilities of passing dies too, which the lake does not keep.

    Where another model made the result, or none can be loaded, it stays as it is.
    """
    found, wafer = result.segmentation, result.wafer
    try:
        model = segmenter()
    except ModelError:
        return found
    if model.name != found.model or found.probabilities[:, ~wafer.failing].any():
        return found
    return kept(f"everywhere {model.name} {dies_hash(wafer)}", lambda: model.segment([wafer])[0])


def activations() -> Activations:
    """Return what explains the model's answers by Grad-CAM; its network is rebuilt once, which takes seconds.

    Raises:
        ModelError: there is no model, or no network can be made of it.
    """
    model = segmenter()
    return _activations(model.sha256, model_in_use(settings()), model.metadata)


def thumbnails(keys: Sequence[str], stamps: Sequence[object], palette: Palette, theme: Theme) -> dict[str, str]:
    """Return small pictures of wafers as data URIs, in the palette and theme.

    Args:
        keys: wafers of the lake.
        stamps: of each wafer, something that changes when the wafer was tested or segmented anew.
        palette: class colours.
        theme: what the pictures lie on.
    """
    store, filling = _pictures(settings().lake_url)
    names = {key: (key, str(stamp), palette, theme) for key, stamp in zip(keys, stamps, strict=True)}
    if any(name not in store for name in names.values()):
        with filling:
            _draw_missing(store, names)
    return {key: store[name] for key, name in names.items() if name in store}


@st.cache_resource(max_entries=2, show_spinner=False)
def warm_up(_model: Segmenter, name: str) -> None:
    """Segment the samples once a process, so that a person's first wafer does not wait for what is loaded on first use.

    Args:
        _model: the model.
        name: of the model.
    """
    wafers = [wafer for file in sample_files() for wafer in read_bytes(*file) if isinstance(wafer, WaferMap)]
    analyse(wafers, _model)


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


@st.cache_data(max_entries=500, show_spinner=False)
def _axes_picture(said: str, theme: Theme, _wafer: WaferMap) -> bytes:
    return axes_png(_wafer, theme)


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


@st.cache_data(max_entries=200, show_spinner=False)
def _tone_pictures(stamp: str, theme: Theme, _options: ReadOptions, _name: str, _content: bytes) -> TonePreview | None:
    return tone_preview(_name, _content, _options, theme)


def group_stack(where: WaferFilter, grid: Grid) -> Stack:
    """Return the wafers of a group that have this grid, stacked; counted anew when wafers or results were added.

    Raises:
        LakeError: there is none.
    """
    condition, parameters = where.where()
    held = lake().query(
        f"SELECT count(*), max(sequence), max(segmentation_sequence) FROM wafers WHERE {condition}", parameters
    )
    stamp = f"stack {settings().lake_url} {where} {grid} {held.iloc[0].tolist()}"
    return kept(stamp, lambda: stack(lake(), where, grid))


def history_steps() -> list[str]:
    """Return the steps of the process history to choose from (`core.comparison.comparison.history_steps`)."""
    return _history_steps(settings().lake_url, lake())


@st.cache_data(max_entries=4, ttl=300, show_spinner="Listing the process history")
def _history_steps(url: str, _lake: Lake) -> list[str]:
    return list_history_steps(_lake)


MAX_PICTURES = 4000
Name = tuple[str, str, Palette, Theme]


def _draw_missing(store: dict[Name, str], names: Mapping[str, Name]) -> None:
    missing = [key for key, name in names.items() if name not in store]
    results = lake().results_by_keys(missing)
    wafers = lake().wafers_by_keys([key for key in missing if key not in results])
    for key in missing:
        found = results.get(key)
        wafer = found.wafer if found else wafers.get(key)
        if wafer is not None:
            png = thumbnail_png(wafer, found.segmentation if found else None, *names[key][2:], THUMBNAIL_PX)
            store[names[key]] = "data:image/png;base64," + base64.b64encode(png).decode()
    for name in list(store)[: max(0, len(store) - MAX_PICTURES)]:
        store.pop(name, None)


@st.cache_resource(max_entries=4, show_spinner=False)
def _lake(url: str) -> Lake:
    return Lake(url)


@st.cache_resource(max_entries=4, show_spinner="Opening the app database")
def _database(place: str) -> AppDatabase:
    return AppDatabase(place)


@st.cache_resource(max_entries=2, show_spinner="Loading the model")
def _segmenter(model: str, threads: int | None) -> Segmenter:
    return Segmenter.load(model, threads=threads)


@st.cache_resource(max_entries=1, show_spinner="Loading torch and rebuilding the network: seconds, the first time")
def _activations(sha256: str, _model: Path, _metadata: ModelMetadata) -> Activations:
    return Activations.load(_model, _metadata)


@st.cache_resource(max_entries=64, show_spinner=False)
def kept(stamp: str, _make: Callable[[], Made]) -> Made:
    """Return what was made under this stamp, which says all that it depends on; it is made when it is not kept."""
    return _make()


@st.cache_resource(max_entries=4)
def _pictures(url: str) -> tuple[dict[Name, str], Lock]:
    """One store for all pictures of a lake, filled a page at a time, so that a page of the table is one query.

    One session at a time fills it: those who open the same page at once would all draw the same.
    """
    return {}, Lock()


@st.cache_resource(max_entries=4, show_spinner="Opening the index of similar wafers")
def _similarity_index(home: str, model: str, kind: Kind, stamp: str) -> SimilarityIndex:
    return SimilarityIndex.load(Path(home), model, kind)


@st.cache_data(max_entries=8, ttl=30, show_spinner=False)
def _caught_up(url: str, model: str, kind: Kind, stamp: str, _index: SimilarityIndex) -> int:
    return _index.catch_up(lake())


@st.cache_resource(max_entries=8, show_spinner="Reading the file")
def _uploaded(sha256: str, _name: str, _content: bytes) -> list[WaferMap | ReadFailure]:
    return list(read_bytes(_name, _content))


@st.cache_resource(max_entries=32, show_spinner="Finding patterns")
def _analysed(stamp: str, _model: Segmenter, _wafer: WaferMap) -> WaferResult:
    return analyse([_wafer], _model)[0]
