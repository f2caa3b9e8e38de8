"""Fits what a model needs beside its weights, and says how well its probabilities mean shares."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.evaluation.calibration import (
    FailingDies,
    calibration_error,
    fit_die_thresholds,
    fit_fine_shares,
    fit_presence_thresholds,
    fit_temperatures,
)
from core.segmentation import Segmentation, Segmenter
from core.segmentation.presence import presence
from core.segmentation.pyramid import EVEN
from data.datasets import LabelledMaps
from data.raster import blocks
from data.synthesis import SyntheticWafer, draw_over, draw_wafer
from data.wafer import WaferMap

NEVER = -1e3
"""Logit of a die that no threshold lets through."""


def draw_calibration(count: int, seed: int, held_out: LabelledMaps | None) -> list[SyntheticWafer]:
    """Draw synthetic wafers, every second one over a held-out real wafer without a pattern."""
    rng = np.random.default_rng(seed)
    plain = [] if held_out is None else [held_out.maps[i] for i in np.flatnonzero(held_out.without_pattern)]
    return [
        draw_over(rng, plain[rng.integers(len(plain))]) if plain and i % 2 else draw_wafer(rng) for i in range(count)
    ]


def fine_shares(fine: Segmenter, coarse: Segmenter, drawn: Sequence[SyntheticWafer]) -> list[float]:
    """Fit how the two looks at large grids are put together.

    Args:
        fine: the model, believing its fine look alone.
        coarse: the same, believing its coarse look alone.
        drawn: wafers of all sizes; the large ones among them fit.
    """
    large = [one for one in drawn if len(blocks(one.wafer.dies.shape)) > 1]
    if not large:
        return _rounded(EVEN)
    wafers = [one.wafer for one in large]
    seen = (_failing_dies([a.logits for a in look.answers(wafers)], large) for look in (fine, coarse))
    return _rounded(fit_fine_shares(*seen))


def calibration_wafers(drawn: Sequence[SyntheticWafer], held_out: LabelledMaps | None) -> list[WaferMap]:
    """Return the wafers that fit, the synthetic ones first."""
    named = zip(held_out.maps, held_out.names, strict=True) if held_out is not None else ()
    return [s.wafer for s in drawn] + [WaferMap(dies=dies, lot_id="held out", wafer_id=name) for dies, name in named]


def calibrate(
    found: Sequence[Segmentation],
    drawn: Sequence[SyntheticWafer],
    held_out: LabelledMaps | None,
    false_alarm_weight: float,
    *,
    judges: bool,
) -> dict[str, list[float]]:
    """Fit temperatures on masks, presence thresholds on masks and labels together, and then die thresholds on masks.

    A die threshold decides only on wafers that are believed to show the class, so it is fitted as if no other had a die
    of it.

    Args:
        found: what the model, with neutral temperatures, says of `calibration_wafers(drawn, held_out)`.
        drawn: wafers with masks.
        held_out: wafers with presence labels.
        false_alarm_weight: as of `fit_presence_thresholds`.
        judges: whether the model says itself which classes are there.
    """
    labels, sources = _labels(drawn, held_out)
    dies = _failing_dies([_logits(s.probabilities) for s in found[: len(drawn)]], drawn)
    temperatures = fit_temperatures(dies)
    present = np.stack(
        [
            s.presence if judges else presence(_logits(s.probabilities), w.failing, temperatures)
            for s, w in zip(found, calibration_wafers(drawn, held_out), strict=True)
        ]
    )
    thresholds = fit_presence_thresholds(present, labels, false_alarm_weight, sources, calibrated=judges)
    failing = [np.count_nonzero(s.wafer.failing) for s in drawn]
    believed = np.repeat(present[: len(drawn)] >= thresholds, failing, axis=0).T
    decided = FailingDies(np.where(believed, dies.logits, np.float32(NEVER)), dies.truth)
    return {
        "temperature": _rounded(temperatures),
        "die_threshold": _rounded(fit_die_thresholds(decided, temperatures)),
        "presence_threshold": _rounded(thresholds),
    }


def calibration_report(
    found: Sequence[Segmentation], drawn: Sequence[SyntheticWafer]
) -> dict[str, dict[str, list[float]]]:
    """Measure the expected calibration error of each class, on one half of the wafers with what the other half fitted.

    Args:
        found: what the model, with neutral temperatures, says of them.
        drawn: of each four wafers in a row two fit and two are measured.
    """
    logits = [_logits(s.probabilities) for s in found]
    halves = [[i for i in range(len(drawn)) if i // 2 % 2 == half] for half in (0, 1)]
    fits, measures = (_failing_dies([logits[i] for i in half], [drawn[i] for i in half]) for half in halves)
    errors = {"before": calibration_error(measures), "after": calibration_error(measures, fit_temperatures(fits))}
    return {"calibration_error": {when: _rounded(values) for when, values in errors.items()}}


def _labels(drawn: Sequence[SyntheticWafer], held_out: LabelledMaps | None) -> tuple[NDArray[np.float32], list[str]]:
    """Presence labels (N, 8) of the calibration wafers, and where each comes from."""
    labels = np.stack([s.masks.any(axis=(1, 2)).astype(np.float32) for s in drawn])
    sources = ["synthetic"] * len(drawn)
    if held_out is not None:
        labels = np.concatenate([labels, held_out.presence])
        sources += [name.split(":")[0] for name in held_out.names]
    return labels, sources


def _failing_dies(logits: Sequence[NDArray[np.float32]], drawn: Sequence[SyntheticWafer]) -> FailingDies:
    return FailingDies(
        np.concatenate([x[:, s.wafer.failing] for x, s in zip(logits, drawn, strict=True)], axis=1),
        np.concatenate([s.masks[:, s.wafer.failing] for s in drawn], axis=1),
    )


def _rounded(values: NDArray[np.floating]) -> list[float]:
    """Four decimals, rounded as double: a single would print 0.41 as 0.4099999964."""
    rounded: list[float] = values.astype(np.float64).round(4).tolist()
    return rounded


def _logits(probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    p = np.clip(probabilities, 1e-7, 1 - 1e-7)
    return np.asarray(np.log(p / (1 - p)), dtype=np.float32)
