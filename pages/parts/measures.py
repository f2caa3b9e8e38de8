"""What every measure on screen is, its unit, and how it is computed: the words behind the question marks."""

import math

from core.instances.clusters import CENTER_SHARE, EDGE_SHARE
from core.labels.blind import LEAST_BLIND
from core.lake.scoring import LEAST_NORMAL
from core.severity.rules import MOST_NORMAL, NORMAL_FAIL_SHARE

HELP = {
    "wafers": "Wafers tested in the chosen time, each counted once (its newest test).",
    "lots": "Lots that these wafers belong to.",
    "yield": "Passing dies over tested dies, summed over the wafers whose passing dies are known, in percent.",
    "step": "Insertion or inspection step of the wafer's newest test, as its file names it.",
    "segmented": "Share of the wafers whose dies the model has already sorted into patterns, in percent.",
    "defective": "Share of the segmented wafers on which at least one pattern was found, in percent.",
    "severity": (
        "0 (clean) to 100 (dead): 0.4 density + 0.3 coverage + 0.3 cluster count, each scaled to a saturation that is "
        "a setting; of what these leave of 100, the part by which the wafer has collapsed: more dies fail than is "
        "normal. The terms are shown on the wafer's page."
    ),
    "mean_severity": "Mean severity (0 to 100) of the segmented wafers.",
    "mix": (
        "Wafers of each week by dominant class: the class that most of the wafer's failing dies belong to. "
        "Wafers without a pattern and wafers not segmented yet are left out."
    ),
    "weekly_yield": "Passing dies over tested dies of all wafers tested in the week, in percent.",
    "clusters": "Connected groups of dies of one class. Gaps are bridged, specks dropped, touching blobs parted.",
    "affected": "Dies in at least one cluster; a die in two counts once.",
    "density": "Affected dies per cm² of the wafer's disc.",
    "edge_ratio": "Share of the affected dies within 10 mm of the rim.",
    "dominant": "The class that most of the affected dies belong to.",
    "confidence": (
        "Calibrated probability that a die belongs to its class, averaged over all affected dies (0 to 1). "
        "Of a cluster: over its dies."
    ),
    "mean_confidence": (
        "Mean confidence of the clusters, each counted once (0 to 1); a cluster's is the mean probability of its dies."
    ),
    "confidences": "Affected dies by the probability of their class, in steps of 0.05.",
    "by_class": "Affected dies of each class; a die of two classes counts in both. In brackets: clusters.",
    "zones": (
        f"Share of the affected dies by distance from the wafer's centre: center below {CENTER_SHARE:.0%} of the "
        f"radius, edge from {EDGE_SHARE:.0%}, middle between."
    ),
    "quadrants": "Share of the affected dies in each quarter of the wafer as drawn.",
    "density_term": (
        "Affected dies per cm², of the density that fills the term; up to the points beside it. Where the size of "
        "dies or wafer is not known: their share of the tested dies, as for coverage."
    ),
    "coverage_term": (
        "Area of the affected dies over the wafer's, of the share that fills the term; up to the points beside it. "
        "Where the size of dies or wafer is not known: their share of the tested dies."
    ),
    "count_term": "Clusters, of the number that fills the term; up to the points beside it.",
    "collapse_term": (
        "Of the points that the other terms leave of 100, the part 1 - (1 - x²)⁴: x is how far the share of failing "
        "dies lies on the way from the normal one to all. Normal is the median of the product's wafers in the lake, "
        f"from {LEAST_NORMAL} on and up to {MOST_NORMAL:.0%}; else {NORMAL_FAIL_SHARE:.0%}. None where it is not known "
        "which dies pass."
    ),
    "dies": "Number of dies.",
    "area": "Area of the cluster's dies in mm², streets included.",
    "perimeter": "Length of the cluster's outline in mm.",
    "compactness": "4π area / perimeter²: 0.785 for a square, near 0 for a line or scattered dies.",
    "centroid": "Mean place of the cluster's dies: row and column, and mm from the wafer's centre (x right, y up).",
    "box": "First and last row and column of the cluster.",
    "zone": "Where the cluster lies by its mean distance from the wafer's centre: center, middle or edge.",
    "clock": "Clock hour the cluster points to from the wafer's centre, 12 at the top of the map as drawn.",
    "map_clusters": (
        "Clusters are found by k-means on the 50 principal axes of the model's embeddings: each wafer belongs to the "
        "cluster whose mean it is nearest to, not to where it lies on the map. Named by the classes that at least half "
        "of their 200 most typical wafers show, and where these lie."
    ),
    "silhouette": (
        "How well the clusters are parted, -1 to 1: of a wafer, its mean distance to the nearest other cluster less "
        "that to its own, over the larger of both; averaged over a sample of 3,000. Above 0.5 they stand apart, near "
        "0 they overlap. Of 4 to 24 clusters the number with the greatest silhouette is taken, unless one is set."
    ),
    "novelty": (
        "How unlike all others a wafer looks, 0 to 100: the percentage of the wafers which the map was fitted on that "
        "are less isolated. Isolation is how few random cuts part a wafer from the rest (isolation forest of 200 trees "
        "on its embedding). It is a rank, not a verdict: some wafer is always first, however ordinary."
    ),
    "tested": "Time at the end of the wafer's test, UTC.",
    "classes": "Classes that hold at least one die of the wafer.",
}
BLIND_HELP = (
    "Labels that begin with the model's proposals tend to keep them, so they measure the model as right. A share of "
    f"the queue (WAFERSCOPE_BLIND_SHARE) is labelled blind, without proposals. From {LEAST_BLIND} such wafers on, "
    "within the filters above, they alone measure the model."
)


def number(value: float, form: str) -> str:
    """Write a number, a dash where it is not defined."""
    return "–" if math.isnan(value) else format(value, form)
