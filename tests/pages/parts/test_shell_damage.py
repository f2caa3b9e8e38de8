"""Damaged parts of every table of the lake: each page names what is left out, and shows the rest."""

import shutil
from pathlib import Path

import pytest

from core.lake import Lake
from core.lake.schema import TABLES
from pages.parts.links import NAMES
from pages.parts.literal import literal
from tests.core.lake.damages import DAMAGES
from tests.core.lake_examples import drawn, found_on

WAFERS = 12  # of each of the two lots; what is known of the first one is damaged
LOST, KEPT = drawn(0), drawn(30)


def fill(root: Path) -> None:
    """A part of every table for the first wafers, and another for the rest."""
    lake = Lake(root)
    for first in (0, 25):
        results = [found_on(drawn(n), "edge", seed=n) for n in range(first, first + WAFERS)]
        lake.append_wafers(result.wafer for result in results)
        lake.append_results(results)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    home = tmp_path_factory.mktemp("whole")
    fill(home / "lake")
    return home


CASES = [*((damage, "all") for damage in ("bad-rows", "cut", "empty", "missing"))]
CASES += [(damage, table) for damage in ("cut", "missing") for table in ("dies", "segmentations", "instances")]


@pytest.fixture(scope="module", params=CASES, ids="-".join)
def case(request) -> tuple[str, str]:
    """What is done to the oldest part of which table."""
    return request.param


@pytest.fixture(scope="module")
def damaged_home(case, whole, tmp_path_factory) -> Path:
    """The same lake with the oldest part of one table, or of all, damaged."""
    damage, damaged_table = case
    home = tmp_path_factory.mktemp("-".join(case)) / "home"
    shutil.copytree(whole, home)
    for table in TABLES if damaged_table == "all" else (damaged_table,):
        folder = home / "lake" / table
        if not folder.exists():  # a table that nothing was written to yet
            folder.mkdir()
            (folder / f"{0:020}-0123456789ab.parquet").write_bytes(b"PAR1")
        DAMAGES[damage](min(folder.iterdir()))
    return home


def test_every_page_names_what_is_left_out_and_shows_the_rest(open_page, damaged_home, case):
    damage, table = case
    pages = NAMES if table == "all" else ("wafers", "wafer", "lot", "similar")
    silent = damage == "missing" and table in ("all", "segmentations")  # nothing in the lake tells of these
    for page in pages:
        query = {"wafer": KEPT.key} if page == "wafer" else {}
        app = open_page(page, home=damaged_home, **query)
        assert [error.value for error in (*app.exception, *app.error)] == [], page
        said = [warning.value for warning in app.warning if "All the rest is shown" in warning.value]
        assert len(said) == (0 if silent else 1), page


def test_a_wafer_that_is_left_out_is_said_not_to_be_there(open_page, damaged_home, case):
    app = open_page("wafer", home=damaged_home, wafer=LOST.key)
    assert [exception.value for exception in app.exception] == []
    gone = [error.value for error in app.error if literal(LOST.key) in error.value]
    assert len(gone) == (1 if case[1] in ("all", "dies") else 0)
