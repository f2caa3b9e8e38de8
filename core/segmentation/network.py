"""A trained network on disk: its ONNX Runtime session, checked against what the app expects of it."""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.segmentation.pyramid import EVEN
from data.classes import CLASS_COUNT, CLASS_KEYS
from data.errors import ModelError
from data.pictures import RASTERS, RESAMPLED, Raster
from data.raster import CHANNELS
from data.served import DIMENSION, EMBEDDING, INPUT, LOGITS, METADATA_KEY, PRESENCE
from data.turning import SYMMETRIES

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

SHIPPED_WEIGHTS = Path(__file__).parents[2] / "models" / "weights" / "waferscope.onnx"
_BESIDE = {PRESENCE: CLASS_COUNT, EMBEDDING: DIMENSION}
"""What a model may answer beside the logits, one row a wafer, and how wide."""
_BY_CLASS = ("die_threshold", "presence_threshold", "temperature", "fine_share")
"""What the metadata holds one number a class of."""
EXPORT_AGAIN = "Export the model again with python -m jobs.export_model, or choose another."


@dataclass(frozen=True, eq=False)
class ModelMetadata:
    """What a model file says about itself.

    Args:
        name: the model's name.
        encoder: encoder of the U-Net.
        precision: "int8" or "float32".
        die_threshold: float32 (8,), probability from which a failing die belongs to a class.
        presence_threshold: float32 (8,), probability from which a class is on the wafer at all.
        temperature: float32 (8,), what the logits are divided by to be calibrated.
        fine_share: float32 (8,), weight of the fine look at a large grid against the coarse one.
        raster: how it wants its pictures.
        turns: quarter turns, then flipped ones, that are averaged of a small wafer; 1 is the wafer as it is.
    """

    name: str
    encoder: str
    precision: str
    die_threshold: NDArray[np.float32]
    presence_threshold: NDArray[np.float32]
    temperature: NDArray[np.float32]
    fine_share: NDArray[np.float32]
    raster: Raster
    turns: int = 1


class Answer(NamedTuple):
    """What the network says of a batch.

    Args:
        logits: float32 (N, 8, S, S).
        presence: float32 (N, 8), logits that each class is on the wafer, None from a model that gives none.
        embedding: float32 (N, 512) of unit length, None from a model that gives none.
    """

    logits: NDArray[np.float32]
    presence: NDArray[np.float32] | None
    embedding: NDArray[np.float32] | None


class Network:
    """A loaded model; any number of threads may run it at once."""

    def __init__(self, session: "InferenceSession", metadata: ModelMetadata, sha256: str, path: Path) -> None:
        self.metadata = metadata
        self.sha256 = sha256
        self.outputs = tuple(node.name for node in session.get_outputs())
        self._session = session
        self._path = path

    @classmethod
    def load(cls, path: Path, threads: int | None = None) -> "Network":
        """Read a model file.

        Args:
            path: ONNX file as `jobs.export_model` writes it.
            threads: threads that one run uses, None for every core of the process.

        Raises:
            ModelError: the file is missing or damaged, its inputs, outputs or classes are not this app's, or its
                metadata is missing or wrong.
        """
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ModelError(
                str(path),
                f"the model file cannot be read ({error.strerror})",
                "Name an ONNX file that exists, or fetch the shipped weights.",
            ) from error
        session = _session(content, path, threads or len(os.sched_getaffinity(0)))
        _check_shapes(session, path)
        raw = session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
        return cls(session, read_metadata(raw, str(path)), hashlib.sha256(content).hexdigest(), path)

    def run(self, inputs: NDArray[np.float32]) -> Answer:
        """Run the network.

        Args:
            inputs: float32 (N, 3, S, S).

        Raises:
            ModelError: the network fails on this input or answers in another shape.
        """
        try:
            found = dict(zip(self.outputs, self._session.run(self.outputs, {INPUT: inputs}), strict=True))
        except Exception as error:  # ONNX Runtime's errors share no base but Exception
            raise ModelError(
                str(self._path), f"the network fails on input {inputs.shape} ({error})", EXPORT_AGAIN
            ) from error
        expected = {LOGITS: (len(inputs), CLASS_COUNT, *inputs.shape[2:])}
        expected |= {name: (len(inputs), width) for name, width in _BESIDE.items()}
        for name, answer in found.items():
            if answer.shape != expected[name]:
                raise ModelError(
                    str(self._path), f"expected {name} {expected[name]}, found {answer.shape}", EXPORT_AGAIN
                )
        return Answer(found[LOGITS], found.get(PRESENCE), found.get(EMBEDDING))


def read_metadata(raw: str | None, where: str) -> ModelMetadata:
    """Read the JSON a model carries in its `waferscope` property.

    Raises:
        ModelError: it is missing or not JSON, a field is missing, no number or an unknown raster, the classes are not
            this app's in this order, or a temperature is not positive.
    """
    if raw is None:
        raise ModelError(where, f"the model carries no '{METADATA_KEY}' metadata", EXPORT_AGAIN)
    try:
        fields = json.loads(raw)
        classes = tuple(fields["classes"])
        fields.setdefault("fine_share", EVEN)
        vectors = {name: np.array(fields[name], dtype=np.float32) for name in _BY_CLASS}
        raster = RASTERS[fields.get("raster", RESAMPLED.name)]
        name, encoder, precision = (str(fields[name]) for name in ("name", "encoder", "precision"))
        turns = int(fields.get("turns", 1))
        metadata = ModelMetadata(name, encoder, precision, raster=raster, turns=turns, **vectors)
    except (ValueError, TypeError, KeyError) as error:
        raise ModelError(where, f"the model's metadata cannot be read ({error!r})", EXPORT_AGAIN) from error
    if classes != CLASS_KEYS:
        raise ModelError(
            where, f"expected the classes {', '.join(CLASS_KEYS)}, found {', '.join(map(str, classes))}", EXPORT_AGAIN
        )
    if not 1 <= metadata.turns <= SYMMETRIES:
        raise ModelError(where, f"expected 1 to {SYMMETRIES} turns, found {metadata.turns}", EXPORT_AGAIN)
    found = list(vectors.values())
    if any(v.shape != (CLASS_COUNT,) or not np.isfinite(v).all() for v in found) or (metadata.temperature <= 0).any():
        raise ModelError(
            where,
            f"expected {CLASS_COUNT} thresholds, shares and positive temperatures, found {[v.tolist() for v in found]}",
            EXPORT_AGAIN,
        )
    return metadata


def _session(content: bytes, path: Path, threads: int) -> "InferenceSession":
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's errors share no base but Exception
        raise ModelError(
            str(path), f"the file is not a model that ONNX Runtime can load ({error})", EXPORT_AGAIN
        ) from error


def _check_shapes(session: "InferenceSession", path: Path) -> None:
    outputs = session.get_outputs()
    beside = {name: [node for node in outputs if node.name == name] for name in _BESIDE}
    for kind, nodes, name, width, axes in (
        ("input", session.get_inputs(), INPUT, len(CHANNELS), "N, {}, S, S"),
        ("output", [node for node in outputs if node.name not in _BESIDE], LOGITS, CLASS_COUNT, "N, {}, S, S"),
        *(("output", nodes, name, _BESIDE[name], "N, {}") for name, nodes in beside.items() if nodes),
    ):
        found = [(node.name, node.type, node.shape) for node in nodes]
        fits = len(nodes) == 1 and nodes[0].name == name and nodes[0].type == "tensor(float)"
        if not fits or len(nodes[0].shape) != axes.count(",") + 1 or nodes[0].shape[1] != width:
            raise ModelError(
                str(path),
                f"expected one {kind} '{name}' of float32 ({axes.format(width)}), found {found}",
                EXPORT_AGAIN,
            )
        if kind == "input" and any(isinstance(nodes[0].shape[axis], int) for axis in (0, 2, 3)):
            raise ModelError(str(path), f"batch or size of input '{name}' is fixed at {nodes[0].shape}", EXPORT_AGAIN)
