import numpy as np
import pytest

from core.annotation.review_decisions import dismiss
from core.annotation.reviews import flag_prediction
from core.lake import WaferFilter
from core.monitoring.judging import Scope
from core.monitoring.operation import flagged, latency
from core.monitoring.quality import CalendarPeriod
from core.statistics.significance import wilson
from tests.core.monitoring.examples import ANA, all_failing, case, keep, rows


def flag(database, key, model="net@1", class_key="edge"):
    with database.writing() as session:
        review = flag_prediction(session, key, model, class_key, "wrong", ANA)
        session.flush()
        return review.id


def test_latency_is_the_quantiles_of_what_was_measured(lake, database):
    took, masks = [0.01, 0.02, 0.05, 0.08, 0.3, 0.4], rows(edge=(0, 2))
    keep(
        lake,
        database,
        case(all_failing(30), None, masks),
        *(
            case(all_failing(n), None, masks, seconds=seconds, model=f"net@{1 + n % 2}")
            for n, seconds in enumerate(took)
        ),
    )
    by_day = latency(lake, Scope(), CalendarPeriod.DAY)
    assert by_day["wafers"].sum() == 6
    by_model = latency(lake, Scope()).set_index("model")
    expected = np.quantile(took[::2], (0.5, 0.95, 0.99)) * 1000
    assert by_model.loc["net@1", ["p50_ms", "p95_ms", "p99_ms"]].tolist() == pytest.approx(expected)


def test_the_flagged_share_counts_wafers_once_and_only_the_present_result(lake, database):
    keep(
        lake,
        database,
        *(case(all_failing(n, product="A" if n < 4 else "B"), None, rows(edge=(0, 2))) for n in range(8)),
    )
    flag(database, "L000:W01")
    done = flag(database, "L000:W01", class_key="")
    flag(database, "L001:W01", model="older@0")
    with database.writing() as session:
        dismiss(session, done, ANA)
    found = flagged(lake, database, Scope(), CalendarPeriod.MONTH)
    assert (found.wafers, found.flagged) == (8, 1)
    month = found.periods.iloc[0]
    assert (month["wafers"], month["flagged"], month["share"]) == (8, 1, 1 / 8)
    assert (month["low"], month["high"]) == wilson(1, 8)
    table = found.classes.set_index("class")
    assert table.loc["edge", ["flags", "open", "dismissed"]].tolist() == [1, 1, 0]
    assert table.loc["", ["flags", "open", "dismissed"]].tolist() == [1, 0, 1]
    assert flagged(lake, database, Scope(WaferFilter(product="B")), CalendarPeriod.DAY).flagged == 0


def test_without_flags_the_share_is_zero(lake, database):
    keep(lake, database, case(all_failing(0), None, rows(edge=(0, 2))))
    found = flagged(lake, database, Scope(), CalendarPeriod.WEEK)
    assert (found.flagged, found.periods["share"].tolist(), found.classes.empty) == (0, [0.0], True)
