"""What a model must show before it is served: each condition with what was found, passed or not."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from core.evaluation.report import ALL_LABELS, LABELS, SYNTHETIC, Report, augmented
from core.registry.card import Card
from core.settings import Settings, settings
from data.classes import CLASS_KEYS, CLASSES

NAMES = {c.key: c.name for c in CLASSES}
ENOUGH = 30
"""Wafers that people labelled from which on these judge a model, and decide about mean IoU."""


@dataclass(frozen=True)
class Check:
    """One condition.

    Args:
        name: what is looked at.
        found: what was found, in words.
        needed: what is asked for.
        passed: whether it holds.
        measured: false where nobody looked yet, which does not pass either.
    """

    name: str
    found: str
    needed: str
    passed: bool
    measured: bool = True


def scores(report: Report) -> dict[str, float]:
    """Return a report's score of every class that it could measure: IoU over dies, else F1 of presence.

    Example:
        >>> scores({"iou_over_dies": {"edge": 0.8, "ring": None, "mean": 0.8}})
        {'edge': 0.8}
    """
    if "iou_over_dies" in report:
        by_class = cast(Mapping[str, float | None], report["iou_over_dies"])
    else:
        presence = cast(Mapping[str, Any], report["presence"])
        by_class = {key: presence[key]["f1"] for key in CLASS_KEYS}
    return {key: float(value) for key in CLASS_KEYS if (value := by_class.get(key)) is not None}


def gate(candidate: Card, champion: Card, at: Settings | None = None) -> list[Check]:
    """Hold a candidate against the champion.

    Both must have been scored on the same data: mean IoU is compared on wafers that people labelled, where these are 30
    or more, else on the largest set with marked dies; classes on every common set, of people's labels from 30 wafers
    on. Whatever was not measured does not pass.

    Args:
        candidate: with its latency on this machine, timed beside the champion.
        champion: what is served now.
        at: settings, None for those of the environment.
    """
    limits = at or settings()
    return [
        _mean_iou(candidate, champion, limits.gate_margin),
        _classes(candidate, champion, limits.gate_class_loss),
        *_parity(candidate, limits),
        _latency(candidate, champion, limits.gate_latency_ratio),
        *_milliseconds(candidate, limits.gate_latency_ms),
    ]


def intrinsic(card: Card, at: Settings | None = None) -> list[Check]:
    """Hold a model against what needs no champion: parity, and milliseconds where the settings bound them."""
    limits = at or settings()
    return [*_parity(card, limits), *_milliseconds(card, limits.gate_latency_ms)]


def still_to_score(scored: Mapping[str, Report], champion: Card) -> list[str]:
    """Name what the champion was scored on, but for what was scored alike: wafers that anyone here has.

    Those are synthetic wafers, which anyone can draw, and wafers that people labelled.
    """
    return sorted(
        name
        for name, report in champion.reports.items()
        if name.startswith((SYNTHETIC, LABELS)) and not (name in scored and _alike(scored[name], report))
    )


def _common(candidate: Card, champion: Card) -> dict[str, tuple[Report, Report]]:
    """Reports of both on the same data, looked at in the same way."""
    pairs = {name: (candidate.reports[name], champion.reports.get(name)) for name in candidate.reports}
    return {
        name: (ours, theirs) for name, (ours, theirs) in pairs.items() if theirs is not None and _alike(ours, theirs)
    }


def _alike(one: Report, other: Report) -> bool:
    """Whether two reports on data of one name are on the same wafers, looked at in the same way."""
    return all(one.get(key) == other.get(key) for key in ("n", "wafers")) and augmented(one) == augmented(other)


def _mean_iou(candidate: Card, champion: Card, margin: float) -> Check:
    needed = f"at least {margin:.3f} more than the champion, on the same wafers"
    marked = {k: v for k, v in _common(candidate, champion).items() if "iou_over_dies" in v[0]}
    if not marked:
        return Check(
            "Mean IoU",
            f"no report on wafers with marked dies that both have{_scored_on(champion)}",
            needed,
            passed=False,
            measured=False,
        )
    wafers = {name: _wafers(ours) for name, (ours, _) in marked.items()}
    data = max(marked, key=lambda name: (name.startswith(LABELS) and wafers[name] >= ENOUGH, wafers[name]))
    ours, theirs = (_mean(report) for report in marked[data])
    found = f"{ours:.3f} against {theirs:.3f} on {data}"
    if data.startswith(LABELS):
        found += f", {wafers[data]:,} wafers, by {marked[data][0].get('scored', ALL_LABELS)}"
    return Check("Mean IoU", found, needed, passed=ours - theirs >= margin - 1e-9)


def _scored_on(champion: Card) -> str:
    """Return on which data a candidate must be scored to be held against the champion."""
    return f"; the champion was scored on {', '.join(champion.reports)}" if champion.reports else ""


def _wafers(report: Report) -> int:
    return int(str(report["n"]))


def _mean(report: Report) -> float:
    value = cast(Mapping[str, float | None], report["iou_over_dies"])["mean"]
    return math.nan if value is None else value


def _classes(candidate: Card, champion: Card, loss: float) -> Check:
    needed = f"no class more than {loss:.3f} below the champion on any common report, of labels from {ENOUGH} wafers on"
    judging = {
        data: pair
        for data, pair in _common(candidate, champion).items()
        if not data.startswith(LABELS) or _wafers(pair[0]) >= ENOUGH
    }
    if not judging:
        return Check(
            "Every class", f"no report that both have{_scored_on(champion)}", needed, passed=False, measured=False
        )
    worse = []
    for data, (ours, theirs) in judging.items():
        mine, before = scores(ours), scores(theirs)
        for key in before:
            lost = before[key] - mine.get(key, 0.0)
            if lost > loss + 1e-9:
                worse.append(f"{NAMES[key]} {before[key]:.3f} to {mine.get(key, 0.0):.3f} on {data}")
    found = "; ".join(worse) or f"none worse on {', '.join(judging)}"
    return Check("Every class", found, needed, passed=not worse)


def _parity(card: Card, limits: Settings) -> list[Check]:
    needs = (f"at most {limits.gate_iou_lost:.3f}", f"at most {limits.gate_flips:.1%} of wafers".replace("%", " %"))
    names = ("IoU lost by INT8", "Sets of classes changed by INT8")
    if card.precision == "float32":
        return [
            Check(name, "float32, nothing is lost", need, passed=True) for name, need in zip(names, needs, strict=True)
        ]
    try:
        lost = float(card.parity["float32_mean_iou_over_dies"]) - float(card.parity["int8_mean_iou_over_dies"])
        flipped = float(card.parity["flipped_share"])
    except (KeyError, TypeError, ValueError):
        return [
            Check(name, "not measured", need, passed=False, measured=False)
            for name, need in zip(names, needs, strict=True)
        ]
    return [
        Check(names[0], f"{lost:.4f}", needs[0], passed=lost <= limits.gate_iou_lost),
        Check(names[1], f"{flipped:.1%}".replace("%", " %"), needs[1], passed=flipped <= limits.gate_flips),
    ]


def _latency(candidate: Card, champion: Card, most: float) -> Check:
    needed = f"at most {most:g} times the champion's, both timed in turn on this machine"
    here = candidate.latency
    if here is None or here.ratio is None or here.champion != champion.sha256:
        return Check("Latency", "not timed beside the champion", needed, passed=False, measured=False)
    found = f"{here.ratio:.2f} times the champion's, p50 {here.p50_ms:.0f} ms, p95 {here.p95_ms:.0f} ms"
    return Check("Latency", found, needed, passed=here.ratio <= most)


def _milliseconds(card: Card, most_ms: float) -> list[Check]:
    """Judge this machine at the moment of timing: only where a site asks for it."""
    if not most_ms:
        return []
    name, needed = "Milliseconds", f"p95 at most {most_ms:g} ms on this machine"
    if card.latency is None:
        return [Check(name, "not measured on this machine", needed, passed=False, measured=False)]
    return [Check(name, f"p95 {card.latency.p95_ms:.0f} ms", needed, passed=card.latency.p95_ms <= most_ms)]
