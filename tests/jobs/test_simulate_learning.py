import numpy as np
import pytest

from core.active_learning.results import read_results, worth
from jobs import simulate_learning

ARMS = ("random", "entropy", "self_training")


def write_labelled(path, count, seed):
    """Wafers of which every other one fails in the middle, in the layout of one label a wafer."""
    rng = np.random.default_rng(seed)
    maps = np.ones((count, 12, 12), dtype=np.uint8)
    maps[rng.random(maps.shape) < 0.05] = 2
    maps[::2, 4:8, 4:8] = 2
    labels = np.arange(count) % 2
    np.savez(
        path,
        flat=maps.reshape(-1),
        offsets=np.arange(count + 1) * 144,
        shapes=np.full((count, 2), 12),
        labels=labels,
        class_names=np.array(["Center", "None"]),
    )


def test_both_tasks_come_to_a_table_that_can_be_read(tmp_path, monkeypatch):
    monkeypatch.setattr(simulate_learning, "ARMS", ARMS)
    write_labelled(tmp_path / "train.npz", 120, 1)
    write_labelled(tmp_path / "test.npz", 40, 2)
    out = tmp_path / "played.json"
    words = ["--train", str(tmp_path / "train.npz"), "--test", str(tmp_path / "test.npz"), "--out", str(out)]
    assert simulate_learning.main([*words, "--drawn", "24", "--seeds", "1", "--rounds", "1"]) == 0
    found = read_results(out)
    assert set(found) == {"synthetic", "real"}
    assert found["real"].labels == [50, 150]
    assert found["real"].all_labels[0] > 0.9
    assert {one.arm for one in worth(found["synthetic"])} == set(ARMS)
    few = "--drawn 24 --seeds 1 --rounds 1"
    with_real = f"python -m jobs.simulate_learning --train train.npz --test test.npz {few}"
    assert {played.made_by for played in found.values()} == {with_real}

    assert simulate_learning.main([*few.split(), "--drawn", "30", "--out", str(out)]) == 0
    again = read_results(out)
    assert (again["synthetic"].wafers, again["real"].wafers) == (30, 120)
    assert again["synthetic"].made_by == "python -m jobs.simulate_learning --drawn 30 --seeds 1 --rounds 1"
    assert again["real"].made_by == with_real


@pytest.mark.parametrize(("given", "missing"), [("--train", "--test"), ("--test", "--train")])
def test_half_of_the_real_wafers_is_refused_and_the_table_stays(tmp_path, capsys, given, missing):
    out = tmp_path / "played.json"
    out.write_text("kept")
    write_labelled(tmp_path / "some.npz", 20, 1)
    assert simulate_learning.main([given, str(tmp_path / "some.npz"), "--out", str(out)]) == 1
    assert f"{missing}: {given} alone makes no task of real wafers" in capsys.readouterr().err
    assert out.read_text() == "kept"


def test_a_damaged_table_is_a_sentence_before_anything_is_played(tmp_path, capsys):
    out = tmp_path / "played.json"
    out.write_text('{"format": 99}')
    assert simulate_learning.main(["--out", str(out)]) == 1
    assert "Delete it and write it again" in capsys.readouterr().err
    assert out.read_text() == '{"format": 99}'


def test_a_file_that_is_not_there_is_a_sentence(tmp_path, capsys):
    words = ["--train", str(tmp_path / "none.npz"), "--test", str(tmp_path / "none.npz")]
    assert simulate_learning.main(words) == 1
    assert "none.npz" in capsys.readouterr().err
