"""A lot against the earlier lots of its product: how far out, and how often chance alone goes that far."""

import numpy as np
import pandas as pd
from scipy import stats

from core.lake import Lake, WaferFilter
from core.trends.series import Measure, Period, Subject, series, with_value

LEAST_HISTORY = 5
FLAGGED_SIGMA = 2.0


def lot_scores(lake: Lake, where: WaferFilter, subject: Subject, measure: Measure) -> pd.DataFrame:
    """Score every lot against all earlier lots of its product that the filter lets through.

    The z-score is the distance from the mean of the earlier lots in standard deviations from lot to lot; of a share,
    at least those that a binomial draw of the lot's wafers gives, so that a history without any does not make every
    wafer an outlier. Lots are the sample, not wafers: wafers of a lot share tools and are not independent. The p-value
    is that of one new value from the same normal distribution, t = z / sqrt(1 + 1/n) with n - 1 degrees of freedom
    (Crawford and Howell 1998), n earlier lots.

    Returns:
        The rows of `series` by lot that have a value, oldest first, and `value`, `history_lots`, `history_mean`,
        `history_sd`, `z`, `p` (NaN with fewer than 5 earlier lots, or when none differs) and `beyond` (over 2 sigma).
    """
    table = with_value(series(lake, where, subject, Period.LOT), measure)
    table["value"] = table[measure.value]
    earlier = table.groupby("product", sort=False)
    lots = earlier.cumcount()
    mean = earlier["value"].transform(lambda v: v.shift().expanding().mean())
    sd = earlier["value"].transform(lambda v: v.shift().expanding().std())
    if measure is Measure.SHARE:
        hits, wafers = (earlier[name].cumsum() - table[name] for name in ("affected", "wafers"))
        likely = (hits + 0.5) / (wafers + 1)
        chance = (likely * (1 - likely) / table["wafers"]) ** 0.5
        sd = sd.where(sd > chance, chance)
    enough = (lots >= LEAST_HISTORY) & (sd > 0)
    z = ((table["value"] - mean) / sd).where(enough)
    p = 2 * stats.t.sf(np.abs(z / np.sqrt(1 + 1 / lots.where(enough))), lots - 1)
    return table.assign(history_lots=lots, history_mean=mean, history_sd=sd, z=z, p=p, beyond=np.abs(z) > FLAGGED_SIGMA)


def current_lots(scores: pd.DataFrame) -> pd.DataFrame:
    """Keep the newest lot of each product, newest first."""
    return scores.groupby("product", sort=False).tail(1).iloc[::-1].reset_index(drop=True)


def beyond(scores: pd.DataFrame) -> pd.DataFrame:
    """Keep the lots beyond 2 sigma, newest first."""
    return scores[scores["beyond"]].iloc[::-1].reset_index(drop=True)
