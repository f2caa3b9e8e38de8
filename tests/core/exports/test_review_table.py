import pytest

from core.exports.review_table import BUILT_IN, ReviewTable, load_review_table
from data.classes import CLASS_KEYS
from data.errors import SettingError


def written(tmp_path, text):
    path = tmp_path / "review.toml"
    path.write_text(text)
    return path


def test_the_printed_table_is_the_built_in_one(tmp_path):
    assert load_review_table(written(tmp_path, BUILT_IN)) == load_review_table()
    assert set(load_review_table().classes) == set(CLASS_KEYS)


def test_a_site_changes_what_it_names_and_nothing_else(tmp_path):
    site = load_review_table(written(tmp_path, "[edge]\nnumber = 101\npoints = { high = 40 }\n[severity]\nhigh = 80\n"))
    assert (site.number("edge"), site.classes["edge"].points) == (101, (3, 6, 40))
    assert (site.medium, site.high) == (20, 80)
    assert site.classes["ring"] == load_review_table().classes["ring"]


def test_the_settings_name_the_table(tmp_path, monkeypatch):
    monkeypatch.setenv("WAFERSCOPE_REVIEW", str(written(tmp_path, "[ring]\nnumber = 99\n")))
    assert ReviewTable.configured().number("ring") == 99


def test_points_rise_with_severity():
    table = load_review_table()
    assert [table.points("ring", score) for score in (0, 19.9, 20, 44.9, 45, 100)] == [4, 4, 8, 8, 12, 12]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[edge", "cannot be read"),
        ("[stain]\nnumber = 9\n", r"there is no \[stain\]"),
        ("[edge]\ncolour = 'red'\n", r"there is no \[edge\] of these fields"),
        ("[edge]\nnumber = 12\n", r"numbers \[12\] stand twice"),
        ("[edge]\nnumber = 1\n", "from 3 to 254, found 1"),
        ("[edge]\nnumber = true\n", "expected a whole number"),
        ("[edge]\npoints = 5\n", "found 5"),
        ("[edge]\npoints = { low = -1 }\n", "from 0 to 10000, found -1"),
        ("[edge]\npoints = { huge = 1 }\n", "points are of low, medium, high"),
        ("[severity]\nmedium = 90\n", "lies above high"),
        ("severity = 3\n", "of these fields"),
    ],
)
def test_nonsense_is_refused_with_its_place(tmp_path, text, problem):
    with pytest.raises(SettingError, match=problem):
        load_review_table(written(tmp_path, text))


def test_a_missing_table_is_said(tmp_path):
    with pytest.raises(SettingError, match="cannot be read"):
        load_review_table(tmp_path / "none.toml")
