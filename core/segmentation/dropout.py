"""Monte-Carlo dropout with the served model: the encoder runs once, the decoder once a pass."""

import zlib
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.segmentation.network import EXPORT_AGAIN, Network
from core.segmentation.presence import sigmoid
from core.segmentation.pyramid import fuse, views
from core.segmentation.segmenter import view_batches
from core.segmentation.serving import model_in_use
from core.settings import settings
from data.errors import ModelError
from data.pictures import Raster
from data.served import INPUT, LOGITS
from data.wafer import WaferMap

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, ValueInfoProto
    from onnxruntime import InferenceSession

PASSES = 20
DROPPED = 0.3
"""Share of the coarsest features that a pass drops, as training does."""
TOGETHER = 20
"""Passes of few wafers run side by side, up to so many drawings."""


class DropoutSegmenter:
    """Segments wafers several times, each time with other features dropped; how far the answers part is uncertainty.

    The model's graph is cut where its coarsest features enter the decoder, which is the place of dropout in training.

    Args:
        network: the model as it is served, for its metadata.
        encoder: from the drawn wafer to the features.
        decoder: from the features to the logits.
        coarse: name of the coarsest features.

    Source: Gal and Ghahramani, "Dropout as a Bayesian Approximation", ICML 2016.
    """

    def __init__(self, network: Network, encoder: "InferenceSession", decoder: "InferenceSession", coarse: str) -> None:
        self.name = f"{network.metadata.name}@{network.sha256[:8]}"
        self._raster, self._fine_share = network.metadata.raster, network.metadata.fine_share
        self._temperature = network.metadata.temperature[:, None, None]
        self._encoder, self._decoder, self._coarse = encoder, decoder, coarse
        self._features = [node.name for node in encoder.get_outputs()]
        self._wanted = {node.name for node in decoder.get_inputs()}

    @classmethod
    def load(cls, model: str | None = None, *, threads: int | None = None) -> "DropoutSegmenter":
        """Load a model and cut it.

        Args:
            model: path of an ONNX file, None for that of the settings, else the champion's, else the shipped one.
            threads: threads that one run uses, None for those of the settings, without setting every core.

        Raises:
            ModelError: the model is missing or damaged, or has no decoder to cut off.
        """
        import onnx

        configured = settings()
        path = Path(model) if model else model_in_use(configured)
        network = Network.load(path, threads or configured.threads or None)
        encoder, decoder, coarse = cut(onnx.load(str(path)), str(path))
        runs = [_session(part, threads or configured.threads) for part in (encoder, decoder)]
        return cls(network, runs[0], runs[1], coarse)

    def sample(
        self, wafers: Sequence[WaferMap], *, passes: int = PASSES, seed: int = 0, dropped: float = DROPPED
    ) -> list[NDArray[np.float32]]:
        """Return the calibrated probabilities of every pass.

        What is dropped for a wafer hangs on its key and the seed alone, not on the wafers beside it.

        Args:
            wafers: any number of any sizes; all their passes are held at once.
            passes: how often the decoder runs.
            seed: another one drops other features.
            dropped: share of the coarsest features that a pass drops.

        Returns:
            float32 (passes, 8, H, W) a wafer.
        """
        looks = [views(wafer.dies, self._raster) for wafer in wafers]
        owners = [i for i, parts in enumerate(looks) for _ in parts]
        flat = [view for parts in looks for view in parts]
        seen: dict[int, NDArray[np.float32]] = {}
        for size, batch in view_batches(flat):
            inputs = np.stack([self._raster.draw(flat[i].planes, size) for i in batch])
            seeds = [(seed, zlib.crc32(wafers[owners[i]].key.encode()), i - owners.index(owners[i])) for i in batch]
            shapes = [flat[i].planes.shape[1:] for i in batch]
            pooled: list[list[NDArray[np.float32]]] = [[] for _ in batch]
            for logits in self._passes(inputs, passes, seeds, dropped):
                together = len(logits) // len(batch)
                dies = _per_cell(logits, [shape for shape in shapes for _ in range(together)], self._raster)
                for j, own in enumerate(pooled):
                    own += dies[j * together : (j + 1) * together]
            seen.update((i, np.stack(own)) for i, own in zip(batch, pooled, strict=True))
        found, start = [], 0
        for parts, wafer in zip(looks, wafers, strict=True):
            own = [seen[start + j] for j in range(len(parts))]
            start += len(parts)
            fused = [fuse(parts, [view[t] for view in own], wafer.dies.shape, self._fine_share) for t in range(passes)]
            found.append(sigmoid(np.stack(fused) / self._temperature))
        return found

    def _passes(
        self, inputs: NDArray[np.float32], passes: int, seeds: Sequence[tuple[int, ...]], dropped: float
    ) -> Iterator[NDArray[np.float32]]:
        """Logits (N * k, 8, S, S) of k passes at a time: those of the first wafer, then those of the next."""
        features = dict(zip(self._features, self._encoder.run(self._features, {INPUT: inputs}), strict=True))
        given = {name: value for name, value in {**features, INPUT: inputs}.items() if name in self._wanted}
        coarse = given.pop(self._coarse)
        draws = [np.random.default_rng(seed) for seed in seeds]
        most = max(1, TOGETHER // len(inputs))
        for start in range(0, passes, most):
            together = min(most, passes - start)
            kept = np.concatenate([rng.random((together, *coarse.shape[1:]), dtype=np.float32) for rng in draws])
            spread = np.repeat(coarse, together, axis=0) / np.float32(1 - dropped)
            repeated = {name: np.repeat(value, together, axis=0) for name, value in given.items()}
            repeated[self._coarse] = np.where(kept >= dropped, spread, np.float32(0))
            yield self._decoder.run([LOGITS], repeated)[0]


def cut(model: "ModelProto", where: str) -> tuple["ModelProto", "ModelProto", str]:
    """Cut a served U-Net where its coarsest features enter the decoder.

    Quantised features cross the cut as bytes, all but the coarsest, which are dropped as numbers.

    Args:
        model: with the output `logits`.
        where: name of the model, for an error.

    Returns:
        Encoder, decoder, and the name of the coarsest features.

    Raises:
        ModelError: the network enlarges no features, so it has no decoder.
    """
    nodes = list(model.graph.node)
    made = {name: node for node in nodes for name in node.output}
    wanted = _before(LOGITS, made)
    learnt = {node.output[0] for node in nodes if node.op_type == "Conv"}
    resized = (node.input[0] for node in nodes if node.op_type == "Resize" and node.output[0] in wanted)
    enlarged = [name for name in resized if _before(name, made) & learnt]
    if not enlarged:
        raise ModelError(where, "the network has no decoder in which to drop features", EXPORT_AGAIN)
    coarse = min(enlarged, key=lambda name: len(_before(name, made)))
    first = _before(coarse, made)
    late = [node for node in nodes if node.output[0] in wanted - first]
    constants = {constant.name for constant in model.graph.initializer}
    crossing = {
        name: None
        for node in late
        for name in node.input
        if name and name not in constants and (name not in made or made[name].output[0] in first)
    }
    as_bytes = {n: made[n] for n in crossing if n != coarse and n in made and made[n].op_type == "DequantizeLinear"}
    between = [as_bytes[name].input[0] if name in as_bytes else name for name in crossing]
    early = {name for crossed in between for name in _before(crossed, made)}
    outputs = [name for name in between if name in made]
    decoder = [*as_bytes.values(), *(_shape_of_bytes(node, as_bytes) for node in late)]
    return (
        _part(model, [node for node in nodes if node.output[0] in early], [INPUT], outputs, made),
        _part(model, decoder, between, [LOGITS], made),
        coarse,
    )


def _before(name: str, made: "dict[str, NodeProto]") -> set[str]:
    """First outputs of the nodes that a value is computed by; nodes may lack a name."""
    found, waiting = set[str](), [name]
    while waiting:
        node = made.get(waiting.pop())
        if node is not None and node.output[0] not in found:
            found.add(node.output[0])
            waiting += node.input
    return found


def _shape_of_bytes(node: "NodeProto", as_bytes: "dict[str, NodeProto]") -> "NodeProto":
    """Ask the bytes for their shape: then nothing reads them as numbers, which would take time in every pass."""
    if node.op_type != "Shape" or node.input[0] not in as_bytes:
        return node
    changed = type(node)()
    changed.CopyFrom(node)
    changed.input[0] = as_bytes[node.input[0]].input[0]
    return changed


def _part(
    model: "ModelProto",
    nodes: "Sequence[NodeProto]",
    inputs: Sequence[str],
    outputs: Sequence[str],
    made: "dict[str, NodeProto]",
) -> "ModelProto":
    from onnx import TensorProto, helper

    def info(name: str) -> "ValueInfoProto":
        quantised = name in made and made[name].op_type == "QuantizeLinear"
        return helper.make_tensor_value_info(name, TensorProto.UINT8 if quantised else TensorProto.FLOAT, None)

    used = {name for node in nodes for name in node.input}
    constants = [constant for constant in model.graph.initializer if constant.name in used]
    graph = helper.make_graph(nodes, "part", [info(n) for n in inputs], [info(n) for n in outputs], constants)
    return helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)


def _session(part: "ModelProto", threads: int | None) -> "InferenceSession":
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 0
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(part.SerializeToString(), options, providers=["CPUExecutionProvider"])


def _per_cell(
    logits: NDArray[np.float32], shapes: Sequence[tuple[int, ...]], raster: Raster
) -> list[NDArray[np.float32]]:
    """Logits (8, h, w) on the cells of each view of a batch in which equal shapes stand side by side."""
    found: list[NDArray[np.float32]] = []
    for shape, same in groupby(shapes):
        start = len(found)
        found += list(raster.per_cell(logits[start : start + len(list(same))], shape))
    return found
