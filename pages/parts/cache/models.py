"""The models that the site serves and what is built on them, loaded once a process."""

from pathlib import Path

import streamlit as st

from core.analysis.result import analyse
from core.explain.activation import Activations
from core.ingestion.samples import sample_files
from core.reading import read_bytes
from core.registry.traffic import Challenger, load_challenger
from core.segmentation import Segmenter
from core.segmentation.network import ModelMetadata
from core.segmentation.serving import model_in_use, served
from core.settings import Settings, settings
from core.similarity import SimilarityIndex
from core.similarity.index import IndexKind, index_stamp
from data.wafer import WaferMap
from pages.parts.cache.stores import whole_lake


def segmenter() -> Segmenter:
    """Return the model that the site serves, loaded once.

    Raises:
        ModelError: there is none, or it is damaged.
    """
    return _segmenter(str(model_in_use(settings())), settings().threads or None)


def challenger() -> Challenger | None:
    """Return the model that takes its share of what is segmented into the lake; None where no trial runs.

    Raises:
        ModelError: its file is missing or damaged.
    """
    at = settings()
    return _challenger(f"{served(at)} {at.model} {at.threads}", at)


def activations() -> Activations:
    """Return what explains the model's answers by Grad-CAM; its network is rebuilt once, which takes seconds.

    Raises:
        ModelError: there is no model, or no network can be made of it.
    """
    model = segmenter()
    return _activations(model.sha256, model_in_use(settings()), model.metadata)


def similarity_index(kind: IndexKind) -> SimilarityIndex:
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


@st.cache_resource(max_entries=2, show_spinner=False)
def warm_up(_model: Segmenter, name: str) -> None:
    """Segment the samples once a process, so that a person's first wafer does not wait for what is loaded on first use.

    Args:
        _model: the model.
        name: of the model.
    """
    wafers = [wafer for file in sample_files() for wafer in read_bytes(*file) if isinstance(wafer, WaferMap)]
    analyse(wafers, _model)


@st.cache_resource(max_entries=2, show_spinner="Loading the model")
def _segmenter(model: str, threads: int | None) -> Segmenter:
    return Segmenter.load(model, threads=threads)


@st.cache_resource(max_entries=2, show_spinner=False)
def _challenger(stamp: str, _at: Settings) -> Challenger | None:
    return load_challenger(_at)


@st.cache_resource(max_entries=1, show_spinner="Loading torch and rebuilding the network: seconds, the first time")
def _activations(sha256: str, _model: Path, _metadata: ModelMetadata) -> Activations:
    return Activations.load(_model, _metadata)


@st.cache_resource(max_entries=4, show_spinner="Opening the index of similar wafers")
def _similarity_index(home: str, model: str, kind: IndexKind, stamp: str) -> SimilarityIndex:
    return SimilarityIndex.load(Path(home), model, kind)


@st.cache_data(max_entries=8, ttl=30, show_spinner=False)
def _caught_up(url: str, model: str, kind: IndexKind, stamp: str, _index: SimilarityIndex) -> int:
    return _index.catch_up(whole_lake())
