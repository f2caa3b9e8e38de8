import math
import re
from dataclasses import replace

import pytest

from core.training.config import TrainConfig, check_config, check_shape, kept_checkpoint, run_folder
from data.errors import SettingError
from data.pictures import DIES, DIES_DEPTH, raster_of

PLAIN = TrainConfig()
SIZES = len(raster_of(PLAIN.encoder).sizes)
UNKNOWING = "--from: frozen layers and consolidation need weights that know something. Name a checkpoint or served."


def refused(check, **changes) -> str:
    with pytest.raises(SettingError) as caught:
        check(replace(PLAIN, **changes))
    return str(caught.value)


def test_what_is_trained_when_nothing_is_asked_for_can_be_trained():
    assert check_config(PLAIN) is None
    assert check_shape(PLAIN) is None


@pytest.mark.parametrize("name", ["a", "7", "Run_1.2-b", "x" * 80])
def test_names_of_folders_are_names_of_runs(name):
    assert check_config(replace(PLAIN, name=name)) is None


@pytest.mark.parametrize("name", ["", "..", ".hidden", "-flag", "a/b", "a b", "a\\b", "run\n", "lauf-ä", "../up"])
def test_other_names_are_refused(name):
    assert refused(check_config, name=name) == f"--name: {name!r} is no name of a run. Use letters, digits, . _ and -."


@pytest.mark.parametrize("asked", [{"few_shot": True}, {"ewc": 0.1}, {"frozen_steps": 1}], ids=str)
def test_what_needs_weights_that_know_something_is_refused_without_and_fine_with_them(asked):
    assert refused(check_config, **asked) == UNKNOWING
    for weights in ("served", "runs/a/best.ckpt"):
        check_config(replace(PLAIN, from_=weights, **asked))


def test_several_processes_freeze_no_layers():
    said = refused(check_config, from_="served", frozen_steps=5, devices=2)
    assert said.startswith("--frozen-steps: several processes cannot free layers while they train. Train twice")
    check_config(replace(PLAIN, from_="served", frozen_steps=5, devices=1))
    check_config(replace(PLAIN, from_="served", few_shot=True, devices=2))


@pytest.mark.parametrize("channels", [(64, 32, 16, 8), (256, 128, 64, 32, 16, 8)], ids=len)
def test_a_decoder_has_one_number_a_stage(channels):
    said = refused(check_shape, decoder_channels=channels)
    assert f"expected 5 numbers, one a stage of --depth, found {len(channels)}" in said
    assert said.startswith("--decoder-channels: ")
    check_shape(replace(PLAIN, decoder_channels=channels, depth=len(channels)))


def test_the_network_of_one_pixel_a_die_has_its_own_depth():
    def dies(depth):
        return {"encoder": DIES, "depth": depth, "decoder_channels": tuple(range(16, 16 + depth))}

    check_shape(replace(PLAIN, **dies(DIES_DEPTH)))
    for depth in (DIES_DEPTH - 1, DIES_DEPTH + 1):
        said = refused(check_shape, **dies(depth))
        assert said == f"--depth: expected {DIES_DEPTH} stages of the encoder '{DIES}', found {depth}. Change it."


@pytest.mark.parametrize("shares", [(), (1.0,), (0.0, 2.0), (1.0,) * SIZES])
def test_shares_of_working_sizes_may_leave_out_the_large_ones(shares):
    assert check_shape(replace(PLAIN, size_shares=shares)) is None


NAN, INF = math.nan, math.inf


@pytest.mark.parametrize("shares", [(0.0, 0.0), (2.0, -1.0), (1.0,) * (SIZES + 1), (NAN, 1.0), (1.0, NAN), (INF,)])
def test_other_shares_are_refused(shares):
    said = refused(check_shape, size_shares=shares)
    expected = f"--size-shares: expected at most {SIZES} shares, not negative, found {shares}."
    assert re.match(re.escape(expected), said)


def test_the_best_checkpoint_is_kept_before_the_last_one(tmp_path):
    folder = run_folder(tmp_path, "a")
    assert folder == tmp_path / "runs" / "a"
    assert kept_checkpoint(tmp_path, "a") is None
    folder.mkdir(parents=True)
    for name in ("last.ckpt", "best.ckpt"):
        (folder / name).touch()
        assert kept_checkpoint(tmp_path, "a") == folder / name


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"steps": 0}, "--steps: expected 1 or more, found 0"),
        ({"rate": -1.0}, "--rate: expected more than 0, found -1"),
        ({"rate": math.nan}, "--rate: expected more than 0, found nan"),
        ({"dropout": 1.0}, "--dropout: expected a share from 0 to below 1, found 1"),
        ({"confidence": 7.0}, "--confidence: expected a share from 0 to 1, found 7"),
        ({"decay": math.inf}, "--decay: expected 0 or more, found inf"),
        ({"dice": 0.0, "focal": 0.0}, "--dice: dice and focal are both 0"),
    ],
    ids=str,
)
def test_numbers_that_mean_nothing_are_refused(asked, said):
    assert refused(check_config, **asked).startswith(said)
