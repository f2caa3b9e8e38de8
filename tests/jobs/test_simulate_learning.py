from dataclasses import replace

import pytest

from core.active_learning.results import read_results, worth
from jobs.simulate_learning import SimulateConfig, main, write
from tests.jobs.labelled_examples import write_labelled

ARMS = ("random", "entropy", "self_training")


@pytest.mark.slow
def test_both_tasks_come_to_a_table_that_can_be_read(tmp_path):
    write_labelled(tmp_path / "train.npz", 120, 1)
    write_labelled(tmp_path / "test.npz", 40, 2)
    out = tmp_path / "played.json"
    few = SimulateConfig(drawn=24, seeds=1, rounds=1, out=out)
    write(replace(few, train=tmp_path / "train.npz", test=tmp_path / "test.npz"), ARMS)
    found = read_results(out)
    assert set(found) == {"synthetic", "real"}
    assert found["real"].labels == [50, 150]
    assert found["real"].all_labels[0] > 0.9
    assert {one.arm for one in worth(found["synthetic"])} == set(ARMS)
    with_real = "python -m jobs.simulate_learning --train train.npz --test test.npz --drawn 24 --seeds 1 --rounds 1"
    assert {played.made_by for played in found.values()} == {with_real}

    write(replace(few, drawn=30), ARMS)
    again = read_results(out)
    assert (again["synthetic"].wafers, again["real"].wafers) == (30, 120)
    assert again["synthetic"].made_by == "python -m jobs.simulate_learning --drawn 30 --seeds 1 --rounds 1"
    assert again["real"].made_by == with_real


@pytest.mark.slow
def test_a_table_that_breaks_off_leaves_the_one_before(tmp_path, request):
    out = tmp_path / "played.json"
    few = SimulateConfig(drawn=24, seeds=1, rounds=1, out=out)
    write(few, ARMS)
    before = out.read_bytes()
    request.getfixturevalue("full_disk")
    with pytest.raises(OSError, match="No space left"):
        write(replace(few, drawn=30), ARMS)
    assert (out.read_bytes(), list(tmp_path.iterdir())) == (before, [out])


@pytest.mark.parametrize(("given", "missing"), [("--train", "--test"), ("--test", "--train")])
def test_half_of_the_real_wafers_is_refused_and_the_table_stays(tmp_path, capsys, given, missing):
    out = tmp_path / "played.json"
    out.write_text("kept")
    write_labelled(tmp_path / "some.npz", 20, 1)
    assert main([given, str(tmp_path / "some.npz"), "--out", str(out)]) == 1
    assert f"{missing}: {given} alone makes no task of real wafers" in capsys.readouterr().err
    assert out.read_text() == "kept"


def test_a_damaged_table_is_a_sentence_before_anything_is_played(tmp_path, capsys):
    out = tmp_path / "played.json"
    out.write_text('{"format": 99}')
    assert main(["--out", str(out)]) == 1
    assert "Delete it and write it again" in capsys.readouterr().err
    assert out.read_text() == '{"format": 99}'


def test_a_file_that_is_not_there_is_a_sentence(tmp_path, capsys):
    words = ["--train", str(tmp_path / "none.npz"), "--test", str(tmp_path / "none.npz")]
    assert main(words) == 1
    assert "none.npz" in capsys.readouterr().err
