"""One wafer, one lot, and the same network in other runtimes."""

import importlib.util
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import onnx
from numpy.typing import NDArray

from benchmarks.timing import Row, at_least, at_most, in_turns, left_out, p95
from core.analysis.result import analyse
from core.segmentation import Segmenter
from core.segmentation.network import Network
from data.formats import read_bytes
from data.raster import die_planes, nearest_index
from data.served import INPUT, METADATA_KEY
from data.synthesis import WaferRecipe, draw_over, draw_wafer
from data.wafer import WaferMap

PICTURE = (300, 300)
LOT = 25
LOT_ACROSS = (27, 40, 60)
GREYS = np.array([0, 127, 255], dtype=np.uint8)
MISSING = {
    "torch eager float32": "torch knows no such network",
    "ONNX Runtime float32": "name its file with --float32",
    "OpenVINO, same file": "pip install -r requirements-dev.txt",
}
P95_MS, EAGER_RATIO, OPENVINO_RATIO, WAFERS_PER_SECOND = 120.0, 8.0, 1.8, 50.0


def one_wafer(segmenter: Segmenter, rounds: int) -> list[Row]:
    """Time file bytes to severity for 300 x 300 pictures: of a grid 100 dies across, and grey without a grid."""
    grid, grey = _die_grid(_drawn_at_three_pixels()), _grey(np.random.default_rng(1))
    pictures = {
        "PNG of a grid 100 dies across": lambda: _to_metrics(grid, segmenter),
        "grey PNG, every pixel a cell": lambda: _to_metrics(grey, segmenter),
    }
    spent = in_turns(pictures, rounds)
    return [
        at_most(f"300 x 300 {name}, bytes to metrics, p95 of {rounds}", p95(spent[name]), P95_MS, "ms")
        for name in pictures
    ]


def one_lot(segmenter: Segmenter, rounds: int) -> list[Row]:
    """Time the whole analysis of 25 wafers of one product, for small and large ones of WM-811K's sizes."""
    lots = {across: _lot(across) for across in LOT_ACROSS}
    spent = in_turns({str(n): partial(analyse, wafers, segmenter) for n, wafers in lots.items()}, rounds)
    return [
        at_least(
            f"lot of {LOT}, {name} dies across, median of {rounds}",
            LOT / float(np.median(times)) * 1000,
            WAFERS_PER_SECOND,
            "wafers/s",
        )
        for name, times in spent.items()
    ]


def _lot(across: int) -> list[WaferMap]:
    rng = np.random.default_rng(2)
    blank = draw_wafer(rng, WaferRecipe(shortest=across, longest=across, classes=())).wafer.dies
    return [draw_over(rng, blank).wafer for _ in range(LOT)]


def runtimes(model: Path, float32: Path | None, rounds: int) -> list[Row]:
    """Run the network alone on one 300 x 300 wafer in turns: this model, its float32 twin, torch eager, OpenVINO."""
    wafer = _drawn_at_three_pixels()
    raster = Network.load(model).metadata.raster
    size = raster.size(wafer.dies.shape)
    inputs = raster.draw(die_planes(wafer.dies), size)[None]
    others = {
        "torch eager float32": _eager(model, inputs),
        "ONNX Runtime float32": _session(float32, inputs) if float32 else None,
        "OpenVINO, same file": _openvino(model, inputs),
    }
    calls = {"ours": _session(model, inputs), **{name: call for name, call in others.items() if call}}
    spent = {name: float(np.median(times)) for name, times in in_turns(calls, rounds).items()}
    rows = []
    for name, limit in zip(others, (EAGER_RATIO, 1.0, 1 / OPENVINO_RATIO), strict=True):
        work = f"network alone at {size} px against {name}"
        if name not in spent:
            rows.append(left_out(work, MISSING[name], f"{limit:.3g} x as fast or more"))
            continue
        told = f"{work}: {spent['ours']:.3g} against {spent[name]:.3g} ms"
        rows.append(at_least(told, spent[name] / spent["ours"], limit, "x as fast"))
    return rows


def _session(model: Path, inputs: NDArray[np.float32]) -> Callable[[], object]:
    network = Network.load(model)
    return lambda: network.run(inputs)


def _drawn_at_three_pixels() -> WaferMap:
    """A wafer whose dies have three pixels each in a 300 x 300 picture."""
    return draw_wafer(
        np.random.default_rng(1), WaferRecipe(shortest=100, longest=100, classes=("edge", "scratch"))
    ).wafer


def _to_metrics(content: bytes, segmenter: Segmenter) -> None:
    wafers = [found for found in read_bytes("LOT1_W01.png", content) if isinstance(found, WaferMap)]
    analyse(wafers, segmenter)


def _encoded(picture: NDArray[np.uint8]) -> bytes:
    return cv2.imencode(".png", picture)[1].tobytes()


def _die_grid(wafer: WaferMap) -> bytes:
    """A picture as other tools draw it: black, grey, white, nothing that tells the grid."""
    rows, columns = (nearest_index(n, size) for n, size in zip(wafer.dies.shape, PICTURE, strict=True))
    return _encoded(GREYS[wafer.dies[np.ix_(rows, columns)]])


def _grey(rng: np.random.Generator) -> bytes:
    """A blurred disc with dark spots on a light ground, no two pixels alike."""
    at = np.arange(PICTURE[0]) - PICTURE[0] / 2
    picture = np.where(np.hypot(at[:, None], at[None, :]) < 145, 190.0, 20.0)
    for r, c, radius in rng.uniform((60, 60, 8), (240, 240, 30), (5, 3)):
        cv2.circle(picture, (int(c), int(r)), int(radius), 80.0, -1)
    return _encoded(np.clip(cv2.GaussianBlur(picture, (0, 0), 2) + rng.normal(0, 4, PICTURE), 0, 255).astype(np.uint8))


def _eager(model: Path, inputs: NDArray[np.float32]) -> Callable[[], object] | None:
    """The same network in torch without any graph, random weights; None when torch has no such network."""
    import torch

    from models.unet import NetworkConfig, WaferUNet

    about = next(json.loads(p.value) for p in onnx.load(str(model)).metadata_props if p.key == METADATA_KEY)
    shape = {name: about[name] for name in ("encoder", "depth", "decoder_channels") if name in about}
    try:
        network = WaferUNet(NetworkConfig(**shape)).eval()
    except KeyError:  # an encoder that segmentation-models-pytorch does not know
        return None
    batch = torch.from_numpy(inputs)

    def run() -> object:
        with torch.no_grad():
            return network(batch)

    return run


def _openvino(model: Path, inputs: NDArray[np.float32]) -> Callable[[], object] | None:
    """The same file in OpenVINO; None when it is not installed."""
    if importlib.util.find_spec("openvino") is None:
        return None
    import openvino

    compiled = openvino.compile_model(str(model), "CPU", {"PERFORMANCE_HINT": "LATENCY"})
    return lambda: compiled({INPUT: inputs})
