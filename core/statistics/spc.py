"""Statistical process control: limits from a baseline, and what counts as out of control, in words.

No limits have zero width: those of shares are counted exactly, and where values do not differ there are none.

Sources: Montgomery, Introduction to Statistical Quality Control, 8th edition (individuals 6.4, p-chart 7.2, EWMA 9.2);
Western Electric, Statistical Quality Control Handbook, 1956 (the four rules).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.statistics.draws import draw_limits, draw_scores
from data.errors import WaferValueError

SPREAD_OF_RANGE_2 = 1.128379167095512  # d2 for ranges of two: 2 / sqrt(pi)
LEAST_BASELINE = 2
EWMA_WEIGHT = 0.2
_SLACK = 1e-12

Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]

RULES = {
    1: "one point beyond 3 sigma",
    2: "two of three points in a row beyond 2 sigma on one side",
    3: "four of five points in a row beyond 1 sigma on one side",
    4: "eight points in a row on one side of the centre",
}
"""The Western Electric rules."""
_RUNS = {1: (1, 1, 3.0), 2: (2, 3, 2.0), 3: (4, 5, 1.0), 4: (8, 8, 0.0)}
"""Of each rule: so many points, of how many in a row, beyond how many sigma."""


@dataclass(frozen=True, eq=False)
class ControlChart:
    """Points, the limits they should stay within, and the spread that the limits are made of.

    Args:
        points: what is drawn, one a period.
        center: centre line.
        sigma: standard deviation of each point when the process is in control.
        lower: lower limit of each point.
        upper: upper limit of each point.
        scores: how many sigma each point lies from the centre, where tails are counted; None where sigma says it.

    Sigma, limits and scores are NaN where the baseline cannot tell limits.
    """

    points: Reals
    center: float
    sigma: Reals
    lower: Reals
    upper: Reals
    scores: Reals | None = None

    @property
    def tells(self) -> bool:
        """Whether the baseline told limits: it does not where its values do not differ."""
        return bool(np.isfinite(self.upper).all())

    def away(self) -> Reals:
        """Return how many sigma each point lies above (below: negative) the centre."""
        if self.scores is not None:
            return self.scores
        far = self.points - self.center
        slack = _SLACK * max(abs(self.center), 1e-300)  # a point on a line is not beyond it, whatever rounding says
        return np.asarray(np.sign(far) * np.maximum(np.abs(far) - slack, 0) / self.sigma, dtype=np.float64)


@dataclass(frozen=True)
class Violation:
    """A rule that fired.

    Args:
        rule: number of the Western Electric rule.
        first: position of the first point of the run that broke it.
        last: position of the point at which it fired.
        high: the run lies above the centre.
    """

    rule: int
    first: int
    last: int
    high: bool

    def words(self) -> str:
        """Return which rule it was.

        Example:
            >>> Violation(1, 5, 5, high=True).words()
            'Rule 1, above: one point beyond 3 sigma'
        """
        return f"Rule {self.rule}, {'above' if self.high else 'below'}: {RULES[self.rule]}"


def p_chart(counts: ArrayLike, sizes: ArrayLike, baseline: ArrayLike) -> ControlChart:
    """Chart shares of samples of varying size, with limits as rare as 3 sigma.

    Limits and scores are counted exactly, with the baseline for the sample that it is (`core.statistics.draws`): the
    usual centre and 3 sigma call 1 of 25 out of control after 0 of 250, and some in 100 points of a rare class.

    Args:
        counts: affected ones in each sample, whole numbers.
        sizes: of each sample, at least 1.
        baseline: true where a sample tells what is normal.

    Returns:
        Points are shares; limits lie between counts and end at 0 and 1; sigma is the textbook's.

    Raises:
        WaferValueError: the arrays do not fit, or the baseline holds fewer than two samples.

    Example:
        >>> chart = p_chart([5, 10, 9], [50, 100, 400], [True, True, False])
        >>> chart.center, chart.upper.round(4).tolist()
        (0.1, [0.29, 0.255, 0.2112])
    """
    k, n = np.asarray(counts, dtype=np.float64), np.asarray(sizes, dtype=np.float64)
    normal = _baseline(baseline, k, n)
    if not ((n >= 1).all() and (k >= 0).all() and (k <= n).all() and (k % 1 == 0).all() and (n % 1 == 0).all()):
        raise WaferValueError(
            "p-chart", "counts must be whole and lie between 0 and their sizes", "Leave out empty samples."
        )
    of, whole = _sums(k, n, normal), n.astype(np.int64)
    lower, upper = draw_limits(whole, of)
    center = of[0] / of[1]
    return ControlChart(k / n, center, np.sqrt(center * (1 - center) / n), lower, upper, draw_scores(k / n, whole, of))


def no_steadier_than_chance(
    chart: ControlChart, counts: ArrayLike, sizes: ArrayLike, baseline: ArrayLike, *, weight: float = 1.0
) -> ControlChart:
    """Widen the limits of a chart of shares to what samples of these sizes scatter by chance alone.

    Shares of a baseline that differ little or not at all tell limits that a single wafer breaks.

    Args:
        chart: individuals or EWMA of the shares counts / sizes.
        counts: affected ones in each sample.
        sizes: of each sample, at least 1.
        baseline: true where a sample tells what is normal.
        weight: of the EWMA; 1 for individuals. A moving average scatters as one sample of as many as its weights make.

    Raises:
        WaferValueError: the arrays do not fit.
    """
    k, n = np.asarray(counts, dtype=np.float64), np.asarray(sizes, dtype=np.float64)
    of = _sums(k, n, _baseline(baseline, k, n))
    spread, pooled = 0.0, np.empty(n.size, dtype=np.int64)
    for at, size in enumerate(n):
        spread = weight**2 / size + (1 - weight) ** 2 * spread
        pooled[at] = max(1, int(1 / spread + 1e-9))
    lower, upper = draw_limits(pooled, of)
    counted, told = draw_scores(chart.points, pooled, of), chart.away()
    nearer = np.where(told * counted > 0, np.sign(counted) * np.minimum(np.abs(told), np.abs(counted)), 0.0)
    return replace(
        chart,
        lower=np.fmin(chart.lower, lower),  # of NaN and a number the number
        upper=np.fmax(chart.upper, upper),
        scores=np.where(np.isnan(told), counted, nearer),
    )


def individuals_chart(values: ArrayLike, baseline: ArrayLike) -> ControlChart:
    """Chart single values, with limits at 3 sigma from the mean moving range of neighbours.

    Args:
        values: one a period, all finite.
        baseline: true where a value tells what is normal; ranges count where both neighbours are.

    Returns:
        Without limits where no neighbours in the baseline differ.

    Raises:
        WaferValueError: the arrays do not fit, or the baseline holds no two neighbours.

    Example:
        >>> chart = individuals_chart([10, 12, 11, 13], [True, True, True, True])
        >>> chart.center, float(chart.upper[0].round(3))
        (11.5, 15.931)
    """
    x = np.asarray(values, dtype=np.float64)
    normal = _baseline(baseline, x)
    sigma = _moving_range_sigma(x, normal)
    center, flat = float(x[normal].mean()), np.full(x.size, sigma)
    return ControlChart(points=x, center=center, sigma=flat, lower=center - 3 * flat, upper=center + 3 * flat)


def ewma_chart(
    values: ArrayLike, baseline: ArrayLike, *, weight: float = EWMA_WEIGHT, width: float = 3.0
) -> ControlChart:
    """Chart the exponentially weighted moving average of values, which shows small lasting shifts.

    Its limits widen with the first points: sigma² w/(2-w) (1 - (1-w)^2i) for point i from 1. It starts at the centre.

    Args:
        values: one a period, all finite.
        baseline: true where a value tells what is normal; sigma is that of `individuals_chart`.
        weight: of the newest value, above 0 to 1 (lambda).
        width: limits in sigma (L).

    Returns:
        Without limits where no neighbours in the baseline differ.

    Raises:
        WaferValueError: the arrays do not fit, the baseline is too short, or the weight is out of range.

    Example:
        >>> chart = ewma_chart([10.0, 11.0, 10.0, 13.0], [True, True, True, False], weight=0.5)
        >>> chart.points.round(3).tolist()
        [10.167, 10.583, 10.292, 11.646]
    """
    x = np.asarray(values, dtype=np.float64)
    normal = _baseline(baseline, x)
    if not 0 < weight <= 1:
        raise WaferValueError("EWMA", f"the weight is {weight}, expected above 0 and at most 1", "Use 0.2.")
    center = float(x[normal].mean())
    points, held = np.empty(x.size), center
    for at, value in enumerate(x):
        held = points[at] = weight * value + (1 - weight) * held
    seen = 1 - (1 - weight) ** (2 * np.arange(1, x.size + 1))
    sigma = _moving_range_sigma(x, normal) * np.sqrt(weight / (2 - weight) * seen)
    return ControlChart(points, center, sigma, center - width * sigma, center + width * sigma)


def western_electric(chart: ControlChart, rules: tuple[int, ...] = (1, 2, 3, 4)) -> list[Violation]:
    """Find where the Western Electric rules fire, each point judged by its own sigma; none where there are no limits.

    A rule fires at a point that lies beyond its line itself and completes the run; a run that goes on fires again. An
    EWMA's neighbours depend on each other, so only rule 1 means something there.

    Args:
        chart: points and limits.
        rules: which to apply.

    Returns:
        In the order of points, then rules.

    Example:
        >>> chart = individuals_chart([10, 12, 11, 13, 20], [True, True, True, True, False])
        >>> [v.words() for v in western_electric(chart)]
        ['Rule 1, above: one point beyond 3 sigma']
    """
    away, found = chart.away(), []
    for rule in rules:
        needed, window, lines = _RUNS[rule]
        for high in (True, False):
            beyond = (away if high else -away) > lines
            for last in np.flatnonzero(beyond & (_recent(beyond, window) >= needed)):
                first = int(np.flatnonzero(beyond[: last + 1])[-needed])
                found.append(Violation(rule, first, int(last), high))
    return sorted(found, key=lambda v: (v.last, v.rule))


def outside(chart: ControlChart) -> Flags:
    """Return which points lie outside the limits as drawn."""
    flags: Flags = (chart.points > chart.upper) | (chart.points < chart.lower)
    return flags


def _recent(flags: Flags, window: int) -> NDArray[np.int64]:
    """How many of each point and those before it, `window` in all, are set."""
    total = np.concatenate([np.zeros(window, dtype=np.int64), np.cumsum(flags)])
    counts: NDArray[np.int64] = total[window:] - total[:-window]
    return counts


def _moving_range_sigma(x: Reals, normal: Flags) -> float:
    both = normal[1:] & normal[:-1]
    if not both.any():
        raise WaferValueError("limits", "the baseline holds no two neighbouring points", "Make it longer.")
    sigma = float(np.abs(np.diff(x))[both].mean() / SPREAD_OF_RANGE_2)
    return sigma if sigma > _SLACK * float(np.abs(x[normal]).max()) else np.nan


def _sums(k: Reals, n: Reals, normal: Flags) -> tuple[int, int]:
    return int(k[normal].sum()), int(n[normal].sum())


def _baseline(baseline: ArrayLike, *arrays: Reals) -> Flags:
    normal = np.asarray(baseline, dtype=np.bool_)
    if any(a.shape != normal.shape or a.ndim != 1 or not np.isfinite(a).all() for a in arrays):
        raise WaferValueError("limits", "expected finite numbers, one a point", "Leave out periods without a value.")
    if normal.sum() < LEAST_BASELINE:
        raise WaferValueError(
            "limits",
            f"the baseline holds {normal.sum()} points, at least {LEAST_BASELINE} are needed",
            "Make it longer.",
        )
    return normal
