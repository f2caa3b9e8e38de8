import numpy as np
import pytest

from core.training.config import TrainConfig
from core.training.shown import learnt_from, never_shown
from data.classes import CLASS_COUNT, CLASS_KEYS, CLASSES
from data.datasets import MaskedMaps

ALL_SIZES = "Grids of more than 210 dies across, but for the cells that they are reduced to."


def people(*keys) -> MaskedMaps:
    """One wafer with a die of each of the classes."""
    masks = np.zeros((CLASS_COUNT, 3, 3), dtype=bool)
    masks[[CLASS_KEYS.index(key) for key in keys], 1, 1] = True
    return MaskedMaps([np.full((3, 3), 2, np.uint8)], [masks], ["L:1"])


@pytest.fixture
def presence(tmp_path) -> str:
    """A file of wafers with a ring and with a scratch."""
    np.savez(
        tmp_path / "wm.npz",
        maps=np.ones((2, 6, 6), np.uint8),
        labels=np.eye(2, dtype=int),
        label_names=np.array(["Donut", "Scratch"]),
    )
    return str(tmp_path / "wm.npz")


def test_the_card_says_what_was_learnt_from():
    config = TrainConfig(real=("a/wm.npz",), unlabelled=("lake",))
    assert learnt_from(config, 0) == "synthetic wafers with masks, presence labels of wm, unlabelled: lake"
    tuned = TrainConfig(labels="now", old_labels="v1", from_="served")
    assert learnt_from(tuned, 9, "now: 4 wafers, abc", "waferscope@1") == (
        "synthetic wafers with masks, people's labels (now: 4 wafers, abc), people's labels of before (v1), what the "
        "model in use reports on up to 9 wafers of the lake; starts from waferscope@1"
    )


def test_synthetic_training_was_shown_no_label_of_a_real_wafer():
    assert never_shown(TrainConfig(unlabelled=("lake",)), []) == (
        "A real wafer with a label: whatever it was told of was synthetic.",
        ALL_SIZES,
    )


def test_classes_that_are_only_there_or_not_are_told_from_those_marked_and_those_never_seen(presence):
    said = never_shown(TrainConfig(real=(presence,)), [people("edge", "ring")])
    assert said == (
        "On any real wafer with a label: Center, Particle, Lithography, Etching, Random.",
        "On a real wafer die by die, and not only as there or not: Scratch.",
        ALL_SIZES,
    )
    every = people(*CLASS_KEYS)
    assert never_shown(TrainConfig(real=(presence,)), [every]) == (ALL_SIZES,)
    assert len(CLASSES) == 8


def test_small_working_sizes_never_show_large_grids():
    # 128 pixels are chosen while 2.5 pixels a die are nearer to them than to 192: up to sqrt(128 * 192) / 2.5 = 62.7.
    said = never_shown(TrainConfig(size_shares=(0.3, 0.3, 0.4)), [])
    assert said[-1] == "Grids of more than 62 dies across, but for the cells that they are reduced to."
    padded = never_shown(TrainConfig(encoder="dies", depth=4, size_shares=(1, 1, 0)), [])
    assert padded[-1].startswith("Grids of more than 48 dies across")


def test_what_it_started_from_is_named():
    assert never_shown(TrainConfig(from_="served"), [], "waferscope@1")[-1] == (
        "It started from waferscope@1: what that was shown comes on top."
    )
    assert "the model in use then" in never_shown(TrainConfig(from_="served"), [])[-1]
    assert "tuned/best.ckpt" in never_shown(TrainConfig(from_="/home/runs/tuned/best.ckpt"), [])[-1]
