"""From a trained network to the file that the app serves: ONNX, then static INT8, each checked against the last."""

import json
import tempfile
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnxruntime import InferenceSession, SessionOptions
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from data.errors import ModelError
from data.served import INPUT, LOGITS, METADATA_KEY
from models.embedding import DescribingUNet, ServedUNet
from models.unet import MaskingUNet, WaferUNet

BY_PIXEL = ("/encoder/", "/decoder/", "/head/")
"""In the names of the nodes that work on every pixel."""
EXACT = ("/context/", "/combs/", "/lines/")
"""In the names of those among them that stay in float32: what works on the wafer as a whole, and what only counts."""
OPSET = 18
BATCH_PIXELS = 32 * 96 * 96
LARGEST_DIFFERENCE = 1e-3
PROBES = ((1, 64), (3, 96), (2, 160))
"""Batch and working size of the inputs that parity is probed with: two of each, so that no dimension is frozen."""


def export_float32(network: MaskingUNet | DescribingUNet | ServedUNet, path: Path) -> float:
    """Write a network as float32 ONNX with dynamic batch, height and width, and prove it.

    Returns:
        The largest difference of an output from torch's over the probes.

    Raises:
        ModelError: an output differs by more than 1e-3; the file is removed.
    """
    network = network.eval().to(memory_format=torch.contiguous_format)
    example = torch.rand(2, 3, 64, 64)
    picture = {0: "batch", 2: "height", 3: "width"}
    torch.onnx.export(
        network,
        (example,),
        str(path),
        input_names=[INPUT],
        output_names=list(network.outputs),
        opset_version=OPSET,
        dynamo=False,
        dynamic_axes={INPUT: picture, LOGITS: picture, **{n: {0: "batch"} for n in network.outputs[1:]}},
    )
    session = _session(path)
    worst = dict.fromkeys(network.outputs, 0.0)
    for batch, size in PROBES:
        probe = torch.rand(batch, 3, size, size, generator=torch.Generator().manual_seed(size))
        with torch.no_grad():
            expected = network(probe)
        found = session.run(list(network.outputs), {INPUT: probe.numpy()})
        for name, ours, theirs in zip(network.outputs, found, expected, strict=True):
            worst[name] = max(worst[name], float(np.abs(ours - theirs.numpy()).max()))
    if max(worst.values()) > LARGEST_DIFFERENCE:
        path.unlink()
        apart = ", ".join(f"{name} by {difference:.2g}" for name, difference in worst.items())
        raise ModelError(
            str(path),
            f"the ONNX differs from torch in {apart}; at most {LARGEST_DIFFERENCE:g} is allowed",
            "Keep the checkpoint and look at the exporter's warnings.",
        )
    return max(worst.values())


class LookDescriber:
    """Descriptors of drawn wafers, computed by ONNX Runtime.

    Args:
        network: trained.
    """

    def __init__(self, network: WaferUNet) -> None:
        describing = DescribingUNet(network)
        self._output = describing.outputs[1]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "described.onnx"
            export_float32(describing, path)
            self._session = _session(path)

    def __call__(self, looks: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Describe.

        Args:
            looks: inputs (3, S, S), of any sizes.

        Returns:
            float32 (len(looks), D)
        """
        order = sorted(range(len(looks)), key=lambda i: looks[i].shape)
        rows: dict[int, NDArray[np.float32]] = {}
        for _, same in groupby(order, key=lambda i: looks[i].shape):
            members = list(same)
            step = max(1, BATCH_PIXELS // looks[members[0]][0].size)
            for start in range(0, len(members), step):
                batch = members[start : start + step]
                described = self._session.run([self._output], {INPUT: np.stack([looks[i] for i in batch])})[0]
                rows.update(zip(batch, described, strict=True))
        return np.stack([rows[i] for i in range(len(looks))])


def quantize(source: Path, target: Path, calibration: Sequence[NDArray[np.float32]], keep: Sequence[str] = ()) -> None:
    """Turn float32 ONNX into static INT8: QDQ, per-channel weights, uint8 activations.

    Weights use seven bits: processors without VNNI add pairs of products in 16 bits, which eight would overflow.

    Args:
        source: float32 ONNX file.
        target: file to write.
        calibration: inputs (N, 3, S, S) whose activations set the ranges; a spread of wafers and sizes.
        keep: names of nodes that stay in float32, beside those that work on the wafer as a whole.
    """
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
        nodes = [node.name for node in onnx.load(str(prepared)).graph.node]
        exact = [name for name in nodes if _in(name, EXACT) or not _in(name, BY_PIXEL)]
        quantize_static(
            str(prepared),
            str(target),
            _Calibration(calibration),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=[*keep, *exact],
        )


def convolutions(path: Path) -> list[str]:
    """Name the convolutions that learnt of an ONNX file in the order of computation."""
    nodes = onnx.load(str(path)).graph.node
    return [node.name for node in nodes if node.op_type == "Conv" and not _in(node.name, EXACT)]


def _in(name: str, parts: Sequence[str]) -> bool:
    return any(part in name for part in parts)


def describe(path: Path, metadata: dict[str, object]) -> None:
    """Write what the app must know (classes, thresholds, temperature, ...) into an ONNX file."""
    model = onnx.load(str(path))
    kept = [p for p in model.metadata_props if p.key != METADATA_KEY]
    del model.metadata_props[:]
    model.metadata_props.extend([*kept, onnx.StringStringEntryProto(key=METADATA_KEY, value=json.dumps(metadata))])
    onnx.save(model, str(path))


def described(path: Path) -> dict[str, object]:
    """Read what `describe` wrote into an ONNX file."""
    held = onnx.load(str(path), load_external_data=False).metadata_props
    found: dict[str, object] = json.loads(next(p.value for p in held if p.key == METADATA_KEY))
    return found


class _Calibration(CalibrationDataReader):  # type: ignore[misc]  # untyped base
    def __init__(self, batches: Sequence[NDArray[np.float32]]) -> None:
        self._batches: Iterator[NDArray[np.float32]] = iter(batches)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """Return the next input, None at the end."""
        batch = next(self._batches, None)
        return None if batch is None else {INPUT: batch}


def _session(path: Path) -> InferenceSession:
    options = SessionOptions()
    options.log_severity_level = 3
    return InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
