import pytest

from core.lake import Lake
from jobs.compact import main as compact
from jobs.doctor import main
from tests.core.lake.damages import DAMAGES
from tests.core.lake_examples import drawn, found_on


@pytest.fixture
def home(tmp_path):
    for start in (0, 3):
        lake = Lake(tmp_path / "lake")
        results = [found_on(drawn(n), "edge", seed=n) for n in range(start, start + 3)]
        lake.append_wafers(result.wafer for result in results)
        lake.append_results(results)
    return tmp_path


def test_a_whole_lake_is_said_to_be_whole(home, capsys):
    for flags in ([], ["--verify"], ["--set-aside"]):
        assert main(["--home", str(home), *flags]) == 0
        out, err = capsys.readouterr()
        assert (out, "no damaged part" in err) == ("", True)


@pytest.mark.slow
@pytest.mark.parametrize("damage", sorted(DAMAGES))
def test_damage_is_listed_and_set_aside_and_nothing_is_deleted(home, capsys, damage):
    part = min((home / "lake" / "dies").iterdir())
    DAMAGES[damage](part)
    left = part.read_bytes() if part.exists() else None
    assert main(["--home", str(home)]) == (0 if damage in ("missing", "bad-rows") else 1)
    assert main(["--home", str(home), "--verify"]) == (0 if damage == "missing" else 1)
    assert (f"damaged: dies/{part.name}: " in capsys.readouterr().out) == (damage != "missing")
    assert main(["--home", str(home), "--verify", "--set-aside"]) == 0
    out = capsys.readouterr().out
    assert f"{drawn(0).key}: left out, since the dies are lost: take in the file again" in out
    if left is not None:
        aside = home / "lake" / "set-aside" / "dies" / part.name
        assert f"set aside: {aside}" in out
        assert aside.read_bytes() == left
    assert main(["--home", str(home), "--verify"]) == 0
    assert compact(["--home", str(home)]) == 0
    assert Lake(home / "lake").count() == 3


def test_a_lake_that_is_not_there_has_no_damage(tmp_path, capsys):
    assert main(["--home", str(tmp_path)]) == 0
    assert "no damaged part" in capsys.readouterr().err
