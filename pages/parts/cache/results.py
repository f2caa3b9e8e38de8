"""What is found on single wafers that somebody looks at right now, and what explains it."""

import streamlit as st

from core.analysis.result import WaferResult, analyse
from core.explain.occlusion import Occlusions
from core.ingestion.upload_session import MAX_DIES, MAX_WAFERS
from core.lake.rows import dies_hash
from core.reading import read_bytes
from core.segmentation import Segmentation, Segmenter
from core.segmentation.dropout import DropoutSegmenter
from core.segmentation.serving import model_in_use
from core.segmentation.uncertainty import Decomposition, split
from core.settings import settings
from data.errors import ModelError
from data.formats import ReadFailure
from data.wafer import WaferMap
from pages.parts.cache.models import segmenter


def uploaded(name: str, content: bytes, sha256: str) -> list[WaferMap | ReadFailure]:
    """Return what reading makes of a file that is only looked at and not kept, up to what a page can hold."""
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
    return _everywhere(model.name, dies_hash(wafer), model, wafer)


def occlusions(wafer: WaferMap) -> Occlusions:
    """Return a wafer with its failures taken away window by window, as the model in use answers it.

    Raises:
        ModelError: there is no model, or it fails.
    """
    model = segmenter()
    return _occlusions(model.name, dies_hash(wafer), model, wafer)


def uncertainty(wafer: WaferMap) -> Decomposition:
    """Return how unsure the model in use is of every die, (8, H, W), in its two parts.

    Raises:
        ModelError: there is no model, or it has no decoder to drop features before.
    """
    return _uncertainty(segmenter().name, str(model_in_use(settings())), dies_hash(wafer), wafer)


@st.cache_resource(max_entries=8, show_spinner="Reading the file")
def _uploaded(sha256: str, _name: str, _content: bytes) -> list[WaferMap | ReadFailure]:
    found: list[WaferMap | ReadFailure] = []
    wafers = cells = 0
    with read_bytes(_name, _content) as reading:
        for item in reading:
            found.append(item)
            if isinstance(item, WaferMap):
                wafers, cells = wafers + 1, cells + item.dies.size
            if wafers >= MAX_WAFERS or cells > MAX_DIES:
                break
    return found


@st.cache_resource(max_entries=32, show_spinner="Finding patterns")
def _analysed(stamp: str, _model: Segmenter, _wafer: WaferMap) -> WaferResult:
    return analyse([_wafer], _model)[0]


@st.cache_resource(max_entries=32, show_spinner=False)
def _everywhere(name: str, dies: int, _model: Segmenter, _wafer: WaferMap) -> Segmentation:
    return _model.segment([_wafer])[0]


@st.cache_resource(max_entries=16, show_spinner=False)
def _occlusions(name: str, dies: int, _model: Segmenter, _wafer: WaferMap) -> Occlusions:
    return Occlusions(_wafer, _model)


@st.cache_resource(max_entries=16, show_spinner=False)
def _uncertainty(name: str, path: str, dies: int, _wafer: WaferMap) -> Decomposition:
    return split(DropoutSegmenter.load(path, threads=settings().threads or None).sample([_wafer])[0])
