"""A model small enough to check by hand: three patterns told apart by place and by how densely dies fail around."""

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from data.classes import CLASS_KEYS

METADATA = {
    "name": "tiny",
    "encoder": "none",
    "classes": list(CLASS_KEYS),
    "die_threshold": [0.5] * 8,
    "presence_threshold": [0.5] * 8,
    "temperature": [1.0] * 8,
    "precision": "float32",
}
DENSITY_PIXELS = 9
WEIGHTS = np.zeros((8, 4, 1, 1), dtype=np.float32)  # class, (fail, on wafer, radius share, |radius share - 0.6|)
BIAS = np.full(8, -12, dtype=np.float32)
WEIGHTS[0, 2], BIAS[0] = 40, -32  # edge: beyond 0.8 of the radius
WEIGHTS[1, 2], BIAS[1] = -40, 14  # center: within 0.35
WEIGHTS[4, 3], BIAS[4] = -40, 8  # particle: from 0.4 to 0.8


PROJECTION = np.random.default_rng(3).standard_normal((256, 512)).astype(np.float32)  # 16 x 16 places


def write_tiny_model(path: Path, *, metadata=METADATA, batch="N", channels=3, outputs=8, dimension=512) -> Path:
    """Write logits = min(what the place says, 20 x share of failing pixels in 9 x 9 - 8), and an embedding.

    The embedding is a fixed turn of the failing pixels at 16 x 16, of unit length: its cosine is that of those pixels,
    nearly. With dimension 0 there is none.
    """
    constants = {
        "weights": np.resize(WEIGHTS, (outputs, channels + 1, 1, 1)),
        "bias": np.resize(BIAS, outputs),
        "shift": np.float32([0.6]),
        "gain": np.float32([20]),
        "offset": np.float32([8]),
        "first": np.int64([0]),
        "second": np.int64([1]),
        "radius": np.int64([channels - 1]),
        "last": np.int64([channels]),
        "axis": np.int64([1]),
        "small": np.int64([16, 16]),
        "flat": np.int64([0, 256]),
        "two": np.int64([2]),
        "floor": np.float32([1e-3]),
        "projection": PROJECTION[:, : max(1, dimension)],
    }
    pad = [DENSITY_PIXELS // 2] * 4
    nodes = [
        helper.make_node("Slice", ["wafer", "radius", "last", "axis"], ["r"]),
        helper.make_node("Sub", ["r", "shift"], ["shifted"]),
        helper.make_node("Abs", ["shifted"], ["band"]),
        helper.make_node("Concat", ["wafer", "band"], ["planes"], axis=1),
        helper.make_node("Conv", ["planes", "weights", "bias"], ["place"]),
        helper.make_node("Slice", ["wafer", "first", "second", "axis"], ["fail"]),
        helper.make_node("AveragePool", ["fail"], ["density"], kernel_shape=[DENSITY_PIXELS] * 2, pads=pad),
        helper.make_node("Mul", ["density", "gain"], ["scaled"]),
        helper.make_node("Sub", ["scaled", "offset"], ["gate"]),
        helper.make_node("Min", ["place", "gate"], ["logits"]),
    ]
    answers = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [batch, outputs, "S", "S"])]
    if dimension:
        nodes += _embedding()
        answers.append(helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [batch, dimension]))
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("wafer", TensorProto.FLOAT, [batch, channels, "S", "S"])],
        answers,
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    if metadata is not None:
        helper.set_model_props(model, {"waferscope": json.dumps(metadata)})
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


def _embedding() -> list[onnx.NodeProto]:
    return [
        helper.make_node("Shape", ["fail"], ["whole"]),
        helper.make_node("Slice", ["whole", "first", "two"], ["batch_and_channel"]),
        helper.make_node("Concat", ["batch_and_channel", "small"], ["small_shape"], axis=0),
        helper.make_node("Resize", ["fail", "", "", "small_shape"], ["coarse"], mode="linear", antialias=1),
        helper.make_node("Reshape", ["coarse", "flat"], ["row"]),
        helper.make_node("Add", ["row", "floor"], ["lifted"]),
        helper.make_node("MatMul", ["lifted", "projection"], ["turned"]),
        helper.make_node("LpNormalization", ["turned"], ["embedding"], axis=1, p=2),
    ]
