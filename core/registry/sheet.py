"""The trust sheet: one page a model that says what it reaches, against what, and where not to trust it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from core.evaluation.report import BLIND_LABELS, LABELS, PATTERNS, SYNTHETIC, Report
from core.labels.blind import LEAST_BLIND
from core.registry.card import Card
from core.registry.gate import ENOUGH, Check, intrinsic, scores
from core.settings import Settings
from data.classes import CLASS_KEYS, CLASSES

NAMES = {c.key: c.name for c in CLASSES}


@dataclass(frozen=True)
class ClassScore:
    """What a model reaches in one class on one set of wafers.

    Args:
        class_key: the class, "mean" for their mean.
        score: IoU over dies, or F1 of presence.
        low: lower end of the 95 % interval, None where the report lacks it.
        high: its upper end.
        baseline: what the trivial answer reaches, None where nobody measured it.
        support: true dies, or wafers that show the class.
        calibration: expected calibration error, None where the report lacks it.
        by_patterns: the score on wafers with one, two, more patterns, as `PATTERNS` names them; empty where the report
            lacks it, None where none of them shows the class.
    """

    class_key: str
    score: float
    low: float | None
    high: float | None
    baseline: float | None
    support: int
    calibration: float | None
    by_patterns: Sequence[float | None] = ()


@dataclass(frozen=True)
class Reached:
    """One evaluation.

    Args:
        data: what it was measured on.
        synthetic: whether the wafers were all drawn, those of the demo fab included; they are never shown with real
            ones in one chart.
        demo: how many are of the demo fab, None where the report does not say.
        by_die: whether dies are scored (IoU), else wafers (F1).
        wafers: how many.
        classes: each class that could be measured, their mean last.
        false_alarms: share of the wafers without a pattern on which one is reported, None without such wafers.
        exact: share of the wafers with exactly the right set of classes.
        confusion: int64 (9, 9), rows true, columns predicted, "none" last.
        lacks: what the report lacks, in words.
        blind: how many of the wafers were labelled without proposals, None where the report does not say, or
            nobody labelled them.
        by_blind: whether these alone were scored.
        crowding: the mean score by how many patterns a wafer shows, in words; empty where the report lacks it.
    """

    data: str
    synthetic: bool
    demo: int | None
    by_die: bool
    wafers: int
    classes: Sequence[ClassScore]
    false_alarms: float | None
    exact: float | None
    confusion: NDArray[np.int64]
    lacks: Sequence[str]
    crowding: str
    blind: int | None = None
    by_blind: bool = False

    @property
    def measure(self) -> str:
        """What the score is."""
        return "IoU over dies" if self.by_die else "F1 of presence"

    @property
    def title(self) -> str:
        """What was measured on what."""
        blind = " labelled blind" if self.by_blind else ""
        return f"{self.data}: {self.wafers:,} {self.kind}{blind}, {self.measure}"

    @property
    def real(self) -> bool:
        """Whether all of the wafers are known to be of a fab."""
        return not self.synthetic and self.demo == 0

    @property
    def kind(self) -> str:
        """What wafers they are: real is said of those alone of which it is known."""
        if self.synthetic:
            return "synthetic wafers of the demo fab" if self.demo else "synthetic wafers"
        if self.demo is None:
            return "wafers that people labelled"
        return f"wafers, {self.demo:,} of them synthetic of the demo fab" if self.demo else "real wafers"

    @property
    def enough(self) -> bool:
        """Whether they are as many as a mean needs that stands for the model."""
        return self.wafers >= ENOUGH


@dataclass(frozen=True)
class Curve:
    """How often it was so when the model said so: points of a calibration curve.

    Args:
        said: mean probability of each bin that holds any.
        true: share that was true.
        count: how many.
    """

    said: Sequence[float]
    true: Sequence[float]
    count: Sequence[int]


def reached(report: Report) -> Reached:
    """Read an evaluation report."""
    by_die = "iou_over_dies" in report
    presence = cast(Mapping[str, Any], report["presence"]) if "presence" in report else {}
    intervals = cast(Mapping[str, Any], report.get("iou_interval" if by_die else "f1_interval", {}))
    reliability = cast(Mapping[str, Any], report.get("reliability", {}))
    baseline = cast(Mapping[str, float | None], report.get("baseline_iou_over_dies", {}))
    support = cast(Mapping[str, int], report.get("support", {}))
    groups = {name: group for name in PATTERNS if (group := cast(Any, report.get("by_patterns", {})).get(name))}

    def row(key: str, score: float) -> ClassScore:
        low, high = intervals.get(key, (None, None))
        error = reliability.get(key, {}).get("expected_error") if key in CLASS_KEYS else None
        alone = [group["iou_over_dies"].get(key) for group in groups.values()]
        return ClassScore(key, score, low, high, baseline.get(key), int(support.get(key, 0)), error, alone)

    found = scores(report)
    rows = [row(key, score) for key, score in found.items()]
    if found:
        rows.append(row("mean", float(np.mean(list(found.values())))))
    confusion = cast(Mapping[str, Any], report.get("confusion", {}))
    data, count = str(report["data"]), int(str(report["n"]))
    demo = cast("int | None", report.get("demo", None if data.startswith(LABELS) else 0))
    lacks = [
        words
        for words, there in (
            ("intervals", bool(intervals)),
            ("calibration", bool(reliability)),
            ("a trivial baseline", bool(baseline) or not by_die),
            ("a confusion table", bool(confusion)),
            ("how many of the wafers are of the demo fab", demo is not None),
            ("how many of the wafers were labelled blind", not data.startswith(LABELS) or "blind" in report),
        )
        if not there
    ]
    return Reached(
        data=data,
        synthetic=data.startswith(SYNTHETIC) or (0 < count == demo),
        demo=demo,
        by_die=by_die,
        wafers=count,
        classes=rows,
        false_alarms=presence.get("false_alarm_share"),
        exact=presence.get("exact_match"),
        confusion=np.array(confusion.get("true_by_predicted", np.zeros((9, 9))), dtype=np.int64),
        lacks=lacks,
        crowding=_crowding(groups),
        blind=cast("int | None", report.get("blind")),
        by_blind=report.get("scored") == BLIND_LABELS,
    )


def _crowding(groups: Mapping[str, Any]) -> str:
    """Return what the mean of each group is, where there is more than one."""
    parts = [
        f"{mean:.3f} with {name} ({group['wafers']:,})"
        for name, group in groups.items()
        if (mean := group["iou_over_dies"]["mean"]) is not None
    ]
    return f"Mean on wafers {', '.join(parts)}." if len(parts) > 1 else ""


def curve(report: Report, class_key: str | None = None) -> Curve | None:
    """Return the calibration curve of a class, of all classes together with None; None where the report has none."""
    bins = cast(Mapping[str, Any], report.get("reliability", {}))
    parts = [bins[key] for key in ([class_key] if class_key else CLASS_KEYS) if key in bins]
    if not parts:
        return None
    count = np.array([part["count"] for part in parts], dtype=np.float64)
    said, true = (
        np.nansum(np.array([part[name] for part in parts], dtype=np.float64) * count, axis=0)
        for name in ("said", "true")
    )
    total = count.sum(axis=0)
    held = total > 0
    return Curve(
        (said[held] / total[held]).tolist(), (true[held] / total[held]).tolist(), total[held].astype(int).tolist()
    )


@dataclass(frozen=True)
class TrustSheet:
    """What a model reaches and where not to trust it.

    Args:
        card: the model's.
        reached: an entry a report, real wafers first.
        checks: parity and latency against their bounds, and the gate where it was held against a champion.
        never_shown: what it was never shown, a sentence each.
        missing: what nobody measured, a sentence each.
    """

    card: Card
    reached: Sequence[Reached]
    checks: Sequence[Check]
    never_shown: Sequence[str]
    missing: Sequence[str]


def trust_sheet(card: Card, at: Settings | None = None, gated: Sequence[Check] = ()) -> TrustSheet:
    """Put a model's trust sheet together from its card.

    Args:
        card: with its latency where it was measured.
        at: settings with the bounds, None for those of the environment.
        gated: the gate's checks against a champion, for a model that is not one.
    """
    entries = sorted((reached(report) for report in card.reports.values()), key=lambda entry: entry.synthetic)
    missing = [
        f"{entry.data} lacks {', '.join(entry.lacks)}: run jobs.evaluate again." for entry in entries if entry.lacks
    ]
    if not any(entry.real for entry in entries):
        missing.append("Nothing was measured on real wafers.")
    if not any(entry.synthetic for entry in entries):
        missing.append("Nothing was measured on synthetic wafers, whose truth is known die by die.")
    missing += [
        f"{entry.data} holds {entry.wafers:,} wafers: a mean that stands for the model needs {ENOUGH}."
        for entry in entries
        if not entry.enough
    ]
    missing += [
        f"{entry.data} is measured by all labels, which began with a model's proposals as a rule and flatter it: "
        f"{entry.blind} of the {LEAST_BLIND} blind ones needed are there."
        for entry in entries
        if entry.blind is not None and not entry.by_blind
    ]
    if not card.never_shown:
        missing.append("Nobody said what it was never shown.")
    return TrustSheet(
        card, entries, list(gated) or intrinsic(card, at), [*card.never_shown, *_unmeasured(entries)], missing
    )


def _unmeasured(entries: Sequence[Reached]) -> list[str]:
    """Classes that no real wafer of the reports shows: nobody knows how the model does on them."""
    real = [entry for entry in entries if entry.real]
    shown = {row.class_key for entry in real for row in entry.classes if row.support}
    never = [NAMES[key] for key in CLASS_KEYS if key not in shown]
    dies = {row.class_key for entry in real if entry.by_die for row in entry.classes if row.support}
    told = [f"Measured on no real wafer at all: {', '.join(never)}."] if real and never else []
    rough = [NAMES[key] for key in CLASS_KEYS if key in shown - dies]
    return told + (
        [f"Measured on real wafers only as there or not, never die by die: {', '.join(rough)}."] if rough else []
    )
