"""How long a model takes for a wafer on this machine, measured and remembered."""

import json
import platform
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.segmentation import Segmenter
from core.settings import Settings
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
    """

    p50_ms: float
    p95_ms: float
    wafers: int
    machine: str


def measure_latency(segmenter: Segmenter, wafers: int = LATENCY_WAFERS) -> Latency:
    """Time a model on this machine, one wafer of 60 dies across at a time, loading and reading left out."""
    rng = np.random.default_rng(0)
    at = np.arange(LATENCY_SIDE) - (LATENCY_SIDE - 1) / 2
    disc = np.hypot(at[:, None], at[None, :]) <= LATENCY_SIDE / 2
    took = []
    for number in range(wafers + 2):
        dies = np.where(disc, 1 + (rng.random(disc.shape) < 0.1), 0).astype(np.uint8)
        wafer = WaferMap(dies=dies, lot_id="latency", wafer_id=str(number))
        started = time.perf_counter()
        segmenter.segment([wafer])
        took.append((time.perf_counter() - started) * 1000)
    p50, p95 = np.percentile(took[2:], (50, 95))  # the first two also set the session up
    return Latency(round(float(p50), 1), round(float(p95), 1), wafers, platform.node())


def keep_latency(at: Settings, sha256: str, latency: Latency) -> None:
    """Remember a model's latency in this home.

    Raises:
        OSError: it cannot be written.
    """
    path = _file(at)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps({**_kept(path), sha256: asdict(latency)}, indent=1) + "\n", encoding="utf-8")
    part.replace(path)


def kept_latency(at: Settings, sha256: str) -> Latency | None:
    """Return a model's latency as it was measured last on this machine, None where it was not."""
    found = _kept(_file(at)).get(sha256)
    latency = Latency(**found) if found else None
    return latency if latency and latency.machine == platform.node() else None


def _kept(path: Path) -> Mapping[str, dict[str, Any]]:
    """What was measured; a damaged file counts as nothing, since all of it can be measured again."""
    try:
        told: Mapping[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return told


def _file(at: Settings) -> Path:
    return at.home / "models" / "latency.json"
