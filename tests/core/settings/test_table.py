from dataclasses import fields
from pathlib import Path

import pytest

from core.settings import SETTINGS, Settings, settings, table
from data.errors import SettingError


def test_without_variables_every_setting_has_its_default():
    assert settings({}) == Settings()
    assert settings({"WAFERSCOPE_MODEL": "", "WAFERSCOPE_THREADS": ""}) == Settings()


def test_each_type_is_read_from_text():
    found = settings(
        {
            "WAFERSCOPE_HOME": "/srv/ws",
            "WAFERSCOPE_THREADS": "3",
            "WAFERSCOPE_SEVERITY_COUNT_SATURATION": "2.5",
            "WAFERSCOPE_COLOR_SAFE": "Yes",
            "WAFERSCOPE_LAKE": "s3://bucket/lake",
        }
    )
    assert (found.home, found.threads, found.severity_count_saturation) == (Path("/srv/ws"), 3, 2.5)
    assert found.color_safe is True
    assert found.lake_url == "s3://bucket/lake"
    assert found.blobs_url == "/srv/ws/blobs"


@pytest.mark.parametrize(
    ("variable", "text", "expected"),
    [
        ("WAFERSCOPE_THREADS", "two", "a whole number from 0, found 'two'"),
        ("WAFERSCOPE_THREADS", "-1", "a whole number from 0, found '-1'"),
        ("WAFERSCOPE_SEVERITY_COVERAGE_SATURATION", "nan", "a finite number from 1e-09, found 'nan'"),
        ("WAFERSCOPE_SEVERITY_COVERAGE_SATURATION", "0", "a finite number from 1e-09, found '0'"),
        ("WAFERSCOPE_COLOR_SAFE", "maybe", "a switch, found 'maybe'"),
    ],
)
def test_nonsense_is_refused_by_name(variable, text, expected):
    with pytest.raises(SettingError, match=f"{variable}: expected {expected}"):
        settings({variable: text})


def test_the_process_environment_is_read_at_every_call(monkeypatch):
    monkeypatch.setenv("WAFERSCOPE_DEMO_WAFERS", "7")
    assert settings().demo_wafers == 7
    monkeypatch.delenv("WAFERSCOPE_DEMO_WAFERS")
    assert settings().demo_wafers == Settings().demo_wafers


def test_another_home_moves_what_has_no_place_of_its_own():
    moved = Settings(lake="s3://lake").at(Path("/x"))
    assert (moved.lake_url, moved.blobs_url) == ("s3://lake", "/x/blobs")
    assert moved.at(None) == moved


def test_the_table_has_a_row_for_every_setting():
    rows = table().splitlines()[2:]
    assert len(rows) == len(SETTINGS) == len(fields(Settings))
    for setting, row in zip(SETTINGS, rows, strict=True):
        assert f"`{setting.variable}`" in row
        assert setting.help in row
        assert setting.help.endswith(".")


def test_variables_of_earlier_versions_are_read_where_today_s_are_not_set():
    assert settings({"WAFERSCOPE_DECISIONS": "old.db"}).database_place == "old.db"
    assert settings({"WAFERSCOPE_DECISIONS": "old.db", "WAFERSCOPE_DATABASE": "new.db"}).database_place == "new.db"
