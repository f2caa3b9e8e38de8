from dataclasses import replace

from core.lake import Lake
from jobs.compact import main
from tests.core.lake_examples import drawn, found_on


def test_a_lake_of_many_parts_holds_the_same_wafers_in_few(tmp_path, capsys):
    lake = Lake(tmp_path / "lake")
    for number in range(4):
        lake.append_wafers([drawn(number)])
    assert main(["--home", str(tmp_path)]) == 0
    assert "8 parts merged" in capsys.readouterr().err
    assert len(list((tmp_path / "lake" / "wafers").glob("*.parquet"))) == 1
    assert Lake(tmp_path / "lake").count() == 4


def test_a_lake_that_is_not_there_needs_no_merging(tmp_path, capsys):
    assert main(["--home", str(tmp_path)]) == 0
    assert "0 parts merged" in capsys.readouterr().err


def test_old_severities_are_made_anew_on_request(tmp_path, capsys):
    lake = Lake(tmp_path / "lake")
    result = found_on(drawn(1), "edge")
    lake.append_wafers([result.wafer])
    lake.append_results([replace(result, severity=replace(result.severity, score=1.0, version=1))])
    assert main(["--home", str(tmp_path)]) == 0
    assert Lake(tmp_path / "lake").result(result.wafer.key).severity.version == 1
    assert main(["--home", str(tmp_path), "--rescore"]) == 0
    assert Lake(tmp_path / "lake").result(result.wafer.key).severity == result.severity
    assert main(["--home", str(tmp_path), "--rescore"]) == 0
    assert "every severity is by today's formula" in capsys.readouterr().err
