"""How bad a wafer is: what its clusters cover, how far its yield has collapsed, and one score that shows its terms.

Density, coverage and count are points for patterns. What they leave of the hundred is lost in the measure that more
dies fail than is normal, so that a dead wafer, one cluster or none, is critical however few points its pattern makes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.instances import Instance
from core.severity.rules import NORMAL_FAIL_SHARE, ProductRules, SeverityRules
from data.geometry import WaferGeometry, geometry
from data.wafer import ASSUMED_DIAMETER_MM, WaferMap

EDGE_BAND_MM = 10.0
SEVERITY_VERSION = 2
"""Of the formula. 1 knew no collapse, and took the density of dies of an assumed size for known."""


@dataclass(frozen=True)
class Severity:
    """What a wafer's clusters add up to.

    Args:
        score: 0 to 100, the sum of the four terms; higher is worse.
        density_term: points for density, 0 to what the rules give a full one.
        coverage_term: points for coverage.
        count_term: points for the number of clusters.
        cluster_count: clusters of all classes.
        affected_dies: dies in at least one cluster; a die in two counts once.
        density_per_cm2: affected dies per cm2 of the wafer's disc.
        clusters_per_cm2: clusters per cm2 of the wafer's disc.
        coverage: area of the affected dies over the area of the wafer's disc, 0 to 1; their share of the tested dies
            where the pitch or the diameter is not known.
        edge_ratio: share of the affected dies whose centre lies within 10 mm of the wafer's edge, NaN without any.
        cluster_dies_min: size of the smallest cluster in dies, NaN without clusters.
        cluster_dies_mean: mean size in dies.
        cluster_dies_max: size of the largest.
        cluster_mm2_min: area of the smallest cluster in mm2, NaN without clusters.
        cluster_mm2_mean: mean area in mm2.
        cluster_mm2_max: area of the largest.
        confidence: mean confidence of the clusters, each counted once; NaN without clusters.
        assumed_geometry: the die pitch or the diameter is not known.
        assumption: what was assumed in its place, in words; "" where nothing was.
        fail_share: failing dies over tested dies, 0 to 1; NaN where it is not known which dies pass.
        normal_fail_share: what it was held against; NaN in scores of version 1, which did not.
        version: of the formula that the score is by.
    """

    score: float
    density_term: float
    coverage_term: float
    count_term: float
    cluster_count: int
    affected_dies: int
    density_per_cm2: float
    clusters_per_cm2: float
    coverage: float
    edge_ratio: float
    cluster_dies_min: float
    cluster_dies_mean: float
    cluster_dies_max: float
    cluster_mm2_min: float
    cluster_mm2_mean: float
    cluster_mm2_max: float
    confidence: float
    assumed_geometry: bool
    assumption: str
    fail_share: float
    normal_fail_share: float
    version: int = SEVERITY_VERSION

    @property
    def collapse_term(self) -> float:
        """Points for a failing share beyond the normal: so much of what the patterns leave of 100."""
        return round(max(0.0, self.score - self.density_term - self.coverage_term - self.count_term), 9)

    @property
    def reason(self) -> str:
        """Why there are points for collapse, in words; "" where there are none to speak of."""
        if round(self.collapse_term) == 0 or not math.isfinite(self.fail_share):
            return ""
        taken = "taken as" if self.normal_fail_share == NORMAL_FAIL_SHARE else "is"
        return f"{_percent(self.fail_share)} of its dies fail; normal {taken} {_percent(self.normal_fail_share)}."

    @property
    def main_reason(self) -> str:
        """What makes most of the score, in a few words; "" where there is no score to speak of."""
        if not round(self.score):
            return ""
        of = "of the dies" if self.assumed_geometry and self.version > 1 else "of the wafer"
        clusters = f"{self.cluster_count:,} cluster{'' if self.cluster_count == 1 else 's'}"
        reasons = (
            (self.collapse_term, f"{_percent(self.fail_share)} of the dies fail"),
            (self.density_term + self.coverage_term, f"patterns on {_percent(self.coverage)} {of}"),
            (self.count_term, clusters),
        )
        return max(reasons, key=lambda one: one[0])[1]


@dataclass(frozen=True)
class DieMeasures:
    """What each affected die of a wafer adds to the measures of density and coverage.

    Args:
        density: to the density, in what `density_full` is.
        density_full: at which the term is full.
        coverage: to the coverage.
    """

    density: float
    density_full: float
    coverage: float


def die_measures(wafer: WaferMap, rules: SeverityRules) -> DieMeasures:
    """Return what each affected die adds: dies per cm2 and its area, or shares where the sizes are not known.

    Without sizes there is no density, and one of an assumed die size would let the number of dies decide: then both
    terms go by the share of the tested dies. Where it is not known which were tested, by the assumed area.
    """
    frame = geometry(wafer)
    coverage = frame.die_area_mm2 / (100 * frame.area_cm2)
    if not frame.assumed:
        return DieMeasures(1 / frame.area_cm2, rules.density_saturation, coverage)
    if wafer.passing_known:
        coverage = 1 / wafer.tested_count
    return DieMeasures(coverage, rules.coverage_saturation, coverage)


def collapse(wafer: WaferMap, normal_fail_share: float) -> float:
    """Return how far a wafer's yield has collapsed: 0 for a normal failing share or less, 1 where every die fails.

    1 - (1 - x^2)^4 of the way x from the normal share to all: flat near the normal, where wafers scatter, 0.08 at
    x = 0.15, half at 0.4, and so steep beyond that what the patterns look like no longer decides.

    Args:
        wafer: the wafer; 0 where it is not known which dies pass.
        normal_fail_share: of its product, 0 to 0.5, as `SeverityRules.normal` gives it.

    Example:
        >>> dead = WaferMap(dies=np.full((9, 9), 2, dtype=np.uint8), lot_id="L", wafer_id="W")
        >>> collapse(dead, 0.06)
        1.0
    """
    if not wafer.passing_known:
        return 0.0
    x = max(0.0, (wafer.fail_count / wafer.tested_count - normal_fail_share) / (1 - normal_fail_share))
    return float(1 - (1 - x**2) ** 4)


def severity(
    instances: Sequence[Instance],
    wafer: WaferMap,
    rules: SeverityRules | None = None,
    *,
    normal_fail_share: float | None = None,
) -> Severity:
    """Score a wafer from its clusters and its failing share.

    The terms of patterns grow evenly with their measures up to the saturation and are full from there; of what they
    leave of 100, the score takes the part that the wafer has collapsed.

    Args:
        instances: of this wafer.
        wafer: the wafer.
        rules: of the wafer's product, None for those of the settings.
        normal_fail_share: failing share that is normal for the wafer's product, 0 to 1, unless the rules say it; None
            for a fixed one.

    Raises:
        SettingError: rules are None and a setting holds nonsense.

    Example:
        >>> clean = WaferMap(dies=np.ones((9, 9), dtype=np.uint8), lot_id="L", wafer_id="W")
        >>> severity([], clean, SeverityRules(1, 0.3, 10)).score
        0.0
    """
    rules = rules or ProductRules.configured().of(wafer.product)
    normal = rules.normal(normal_fail_share)
    frame, per_die = geometry(wafer), die_measures(wafer, rules)
    dies = np.unique(np.concatenate([np.zeros((0, 2), dtype=np.intp), *(i.dies for i in instances)]), axis=0)
    # Dies of an assumed pitch may add up to more than the disc: a grid without round corners.
    coverage = min(1.0, len(dies) * per_die.coverage)
    terms = (
        rules.density_points * min(1.0, len(dies) * per_die.density / per_die.density_full),
        rules.coverage_points * min(1.0, coverage / rules.coverage_saturation),
        rules.count_points * min(1.0, len(instances) / rules.count_saturation),
    )
    patterns = sum(terms)
    x, y = frame.to_mm(dies[:, 0].astype(np.float64), dies[:, 1].astype(np.float64))
    at_edge = np.hypot(x, y) >= frame.radius_mm - EDGE_BAND_MM
    sizes = [float(i.die_count) for i in instances] or [float("nan")]
    areas = [i.area_mm2 for i in instances] or [float("nan")]
    return Severity(
        score=patterns + (100 - patterns) * collapse(wafer, normal),
        density_term=terms[0],
        coverage_term=terms[1],
        count_term=terms[2],
        cluster_count=len(instances),
        affected_dies=len(dies),
        density_per_cm2=len(dies) / frame.area_cm2,
        clusters_per_cm2=len(instances) / frame.area_cm2,
        coverage=coverage,
        edge_ratio=float(at_edge.mean()) if len(dies) else float("nan"),
        cluster_dies_min=min(sizes),
        cluster_dies_mean=float(np.mean(sizes)),
        cluster_dies_max=max(sizes),
        cluster_mm2_min=min(areas),
        cluster_mm2_mean=float(np.mean(areas)),
        cluster_mm2_max=max(areas),
        confidence=float(np.mean([i.mean_confidence for i in instances])) if instances else float("nan"),
        assumed_geometry=frame.assumed,
        assumption=_assumption(wafer, frame),
        fail_share=1 - wafer.yield_fraction,
        normal_fail_share=normal,
    )


def _percent(share: float) -> str:
    return f"{share * 100:.{0 if share >= 0.01 or share == 0 else 1}f} %"


def _assumption(wafer: WaferMap, frame: WaferGeometry) -> str:
    assumed = []
    if wafer.diameter_mm is None:
        assumed.append(f"a diameter of {ASSUMED_DIAMETER_MM:g} mm")
    if wafer.die_pitch_mm is None:
        assumed.append(
            f"dies of {frame.die_pitch_mm[1]:.3g} x {frame.die_pitch_mm[0]:.3g} mm, so that they fill the wafer"
        )
    return f"The file does not say it: assumed {' and '.join(assumed)}." if assumed else ""
