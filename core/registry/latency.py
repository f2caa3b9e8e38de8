"""How long a model takes for a wafer on this machine, alone or beside the champion, measured and remembered."""

import json
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.segmentation import Segmenter
from core.settings import Settings
from core.storage.folder import Folder
from data.wafer import WaferMap

LATENCY_WAFERS = 30
LATENCY_SIDE = 60  # dies across: about the largest that are seen in one look, all turns averaged


@dataclass(frozen=True)
class Latency:
    """How long one wafer takes.

    Args:
        p50_ms: half of the wafers were faster.
        p95_ms: nineteen of twenty were faster.
        wafers: how many were timed, one by one.
        machine: where.
        champion: sha256 of the champion that it was timed beside, "" for none.
        ratio: of its time to the champion's on the same wafer, the median of all wafers; None without a champion.
    """

    p50_ms: float
    p95_ms: float
    wafers: int
    machine: str
    champion: str = ""
    ratio: float | None = None


def measure_latency(segmenter: Segmenter, champion: Segmenter | None = None, wafers: int = LATENCY_WAFERS) -> Latency:
    """Time a model on this machine, one wafer of 60 dies across at a time, loading and reading left out.

    Beside a champion the two take each wafer one right after the other, who is first in turn. What else the machine
    does then slows both alike, and their ratio stays what it is when milliseconds double.

    Args:
        segmenter: the model.
        champion: to time beside it, None for nothing.
        wafers: to time.
    """
    took = _timed([segmenter] if champion is None else [segmenter, champion], wafers)
    p50, p95 = np.percentile(took[:, 0], (50, 95))
    alone = Latency(round(float(p50), 1), round(float(p95), 1), wafers, platform.node())
    if champion is None:
        return alone
    return replace(alone, champion=champion.sha256, ratio=round(float(np.median(took[:, 0] / took[:, 1])), 3))


def _timed(segmenters: Sequence[Segmenter], wafers: int) -> NDArray[np.float64]:
    """Milliseconds of each wafer with each model, (wafers, models)."""
    rng = np.random.default_rng(0)
    axis = np.arange(LATENCY_SIDE) - (LATENCY_SIDE - 1) / 2
    disc = np.hypot(axis[:, None], axis[None, :]) <= LATENCY_SIDE / 2
    took = np.zeros((wafers + 2, len(segmenters)))
    for number in range(wafers + 2):
        dies = np.where(disc, 1 + (rng.random(disc.shape) < 0.1), 0).astype(np.uint8)
        wafer = WaferMap(dies=dies, lot_id="latency", wafer_id=str(number))
        turns = list(enumerate(segmenters))
        for column, segmenter in turns if number % 2 else reversed(turns):
            started = time.perf_counter()
            segmenter.segment([wafer])
            took[number, column] = (time.perf_counter() - started) * 1000
    return took[2:]  # the first two also set the sessions up


def keep_latency(at: Settings, sha256: str, latency: Latency) -> None:
    """Remember a model's latency in this home.

    Raises:
        OSError: it cannot be written.
    """
    path = _file(at)
    folder = Folder(path.parent)
    with folder.turn(path.name):
        folder.write_text(path.name, json.dumps({**_kept(path), sha256: asdict(latency)}, indent=1) + "\n")


def kept_latency(at: Settings, sha256: str) -> Latency | None:
    """Read a model's latency as it was measured last on this machine, None where it was not."""
    try:
        latency = Latency(**_kept(_file(at))[sha256])
    except (KeyError, TypeError):
        return None
    return latency if latency.machine == platform.node() else None


def _kept(path: Path) -> Mapping[str, dict[str, Any]]:
    """What was measured; a damaged file counts as nothing, since all of it can be measured again."""
    try:
        told: Mapping[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return told


def _file(at: Settings) -> Path:
    return at.home / "models" / "latency.json"
