"""How bad a wafer is: what its clusters cover, and one score from 0 to 100 that shows its terms."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.instances import Instance
from core.settings import settings
from data.geometry import WaferGeometry, geometry
from data.wafer import ASSUMED_DIAMETER_MM, WaferMap

DENSITY_POINTS, COVERAGE_POINTS, COUNT_POINTS = 40.0, 30.0, 30.0
EDGE_BAND_MM = 10.0


@dataclass(frozen=True)
class SeverityRules:
    """The measures at which a term of the score is full.

    Args:
        density_saturation: affected dies per cm2 of wafer.
        coverage_saturation: share of the wafer's area, 0 to 1.
        count_saturation: number of clusters.
    """

    density_saturation: float
    coverage_saturation: float
    count_saturation: float

    @classmethod
    def configured(cls) -> "SeverityRules":
        """Take the saturations from the settings.

        Raises:
            SettingError: a setting holds nonsense.
        """
        s = settings()
        return cls(s.severity_density_saturation, s.severity_coverage_saturation, s.severity_count_saturation)


@dataclass(frozen=True)
class Severity:
    """What a wafer's clusters add up to.

    Args:
        score: 0 to 100, the sum of the three terms; higher is worse.
        density_term: points for density, 0 to 40.
        coverage_term: points for coverage, 0 to 30.
        count_term: points for the number of clusters, 0 to 30.
        cluster_count: clusters of all classes.
        affected_dies: dies in at least one cluster; a die in two counts once.
        density_per_cm2: affected dies per cm2 of the wafer's disc.
        clusters_per_cm2: clusters per cm2 of the wafer's disc.
        coverage: area of the affected dies over the area of the wafer's disc, 0 to 1.
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


def severity(instances: Sequence[Instance], wafer: WaferMap, rules: SeverityRules | None = None) -> Severity:
    """Score a wafer from its clusters.

    A term grows evenly with its measure up to the measure's saturation and is full from there.

    Args:
        instances: of this wafer.
        wafer: the wafer.
        rules: saturations, None for those of the settings.

    Raises:
        SettingError: rules are None and a setting holds nonsense.

    Example:
        >>> clean = WaferMap(dies=np.ones((9, 9), dtype=np.uint8), lot_id="L", wafer_id="W")
        >>> severity([], clean, SeverityRules(1, 0.3, 10)).score
        0.0
    """
    rules = rules or SeverityRules.configured()
    frame = geometry(wafer)
    dies = np.unique(np.concatenate([np.zeros((0, 2), dtype=np.intp), *(i.dies for i in instances)]), axis=0)
    density = len(dies) / frame.area_cm2
    # Dies of an assumed pitch may add up to more than the disc: a grid without round corners.
    coverage = min(1.0, len(dies) * frame.die_area_mm2 / (100 * frame.area_cm2))
    terms = (
        DENSITY_POINTS * min(1.0, density / rules.density_saturation),
        COVERAGE_POINTS * min(1.0, coverage / rules.coverage_saturation),
        COUNT_POINTS * min(1.0, len(instances) / rules.count_saturation),
    )
    x, y = frame.to_mm(dies[:, 0].astype(np.float64), dies[:, 1].astype(np.float64))
    at_edge = np.hypot(x, y) >= frame.radius_mm - EDGE_BAND_MM
    sizes = [float(i.die_count) for i in instances] or [float("nan")]
    areas = [i.area_mm2 for i in instances] or [float("nan")]
    return Severity(
        score=sum(terms),
        density_term=terms[0],
        coverage_term=terms[1],
        count_term=terms[2],
        cluster_count=len(instances),
        affected_dies=len(dies),
        density_per_cm2=density,
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
    )


def _assumption(wafer: WaferMap, frame: WaferGeometry) -> str:
    assumed = []
    if wafer.diameter_mm is None:
        assumed.append(f"a diameter of {ASSUMED_DIAMETER_MM:g} mm")
    if wafer.die_pitch_mm is None:
        assumed.append(
            f"dies of {frame.die_pitch_mm[1]:.3g} x {frame.die_pitch_mm[0]:.3g} mm, so that they fill the wafer"
        )
    return f"The file does not say it: assumed {' and '.join(assumed)}." if assumed else ""
