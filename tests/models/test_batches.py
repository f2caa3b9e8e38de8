from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from data.classes import CLASS_COUNT, CLASS_INDEX
from data.datasets import LabelledMaps, MaskedMaps
from data.pictures import PADDED, RASTERS, RESAMPLED
from data.raster import blocks
from data.synthesis import WaferRecipe, draw_wafer
from models.batches import GRIDS, LEAST_WAFERS, MixConfig, MoreWafers, WaferBatches, _Drawn, _looks
from models.views import follow

SMALL = MixConfig(pixels=6 * 64 * 64, size_shares=(0.5, 0.5))


def labelled(count: int = 24) -> LabelledMaps:
    """Wafers of 26 dies across: a third without a pattern, the others centre or edge and centre."""
    maps, presence = [], np.zeros((count, CLASS_COUNT), dtype=np.float32)
    for i in range(count):
        classes = ((), ("center",), ("center", "edge"))[i % 3]
        drawn = draw_wafer(
            np.random.default_rng(i), WaferRecipe(shortest=26, longest=26, classes=classes, background=0.05)
        )
        maps.append(drawn.wafer.dies)
        presence[i, [CLASS_INDEX[key] for key in classes]] = 1
    return LabelledMaps(maps, presence, [f"fab:{i}" for i in range(count)], np.zeros(count, dtype=bool))


def same(one, other) -> bool:
    return all(torch.equal(torch.nan_to_num(one[k], -1), torch.nan_to_num(other[k], -1)) for k in one | other)


@pytest.mark.parametrize("number", range(6))
def test_a_batch_is_what_its_number_and_seed_say(number):
    batches = WaferBatches(labelled(), SMALL, seed=3)
    again = WaferBatches(labelled(), SMALL, seed=3, start=50)
    assert same(batches.batch(number), again.batch(number))
    other = WaferBatches(labelled(), SMALL, seed=4).batch(number)
    assert other["wafer"].shape != batches.batch(number)["wafer"].shape or not same(other, batches.batch(number))


def test_batches_go_on_from_the_start_they_are_given():
    batches = WaferBatches(None, SMALL, seed=3)
    late = list(islice(iter(WaferBatches(None, SMALL, seed=3, start=4)), 2))
    assert same(late[0], batches.batch(4))
    assert same(late[1], batches.batch(5))


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_make_the_same_batches_in_the_same_order(workers):
    batches = WaferBatches(None, SMALL, seed=3, start=2)
    made = islice(DataLoader(batches, batch_size=None, num_workers=workers), 4)
    assert all(same(one, batches.batch(2 + i)) for i, one in enumerate(made))


def test_shapes_types_and_values_are_what_is_promised():
    batches = WaferBatches(labelled(), SMALL, seed=3)
    for number in range(6):
        batch = batches.batch(number)
        n, _, size, _ = batch["wafer"].shape
        assert batch["wafer"].shape == (n, 3, size, size)
        assert batch["masks"].shape == (n, CLASS_COUNT, size, size)
        assert (batch["has_masks"].shape, batch["presence"].shape) == ((n,), (n, CLASS_COUNT))
        kinds = [batch[k].dtype for k in ("wafer", "masks", "has_masks", "presence")]
        assert kinds == [torch.float32, torch.float32, torch.bool, torch.float32]
        assert size in RESAMPLED.sizes
        assert 0 <= batch["masks"].min() <= batch["masks"].max() <= 1


def test_masks_lie_on_failing_dies_and_presence_says_which_there_are():
    batches = WaferBatches(labelled(), SMALL, seed=3)
    for number in range(8):
        batch = batches.batch(number)
        drawn = batch["has_masks"]
        assert not (batch["masks"].bool() & (batch["wafer"][:, :1] == 0)).any()
        assert torch.equal((batch["masks"][drawn].amax(dim=(2, 3)) > 0).float(), batch["presence"][drawn])
        assert not batch["masks"][~drawn].any()


def test_a_batch_holds_as_many_wafers_as_its_pixels_allow():
    mix = MixConfig(pixels=6 * 64 * 64)
    batches = WaferBatches(None, mix, seed=1)
    for number in range(8):
        n, size = batches.batch(number)["wafer"].shape[::2]
        assert n == max(LEAST_WAFERS, mix.pixels // size**2)


@pytest.mark.parametrize("raster", RASTERS.values(), ids=RASTERS)
def test_sizes_are_drawn_in_the_shares_told(monkeypatch, raster):
    plain = _Drawn(np.ones((20, 20), np.uint8), 1, np.zeros(CLASS_COUNT, np.float32))
    monkeypatch.setattr(WaferBatches, "_synthetic", lambda *_: plain)
    batches = WaferBatches(None, MixConfig(pixels=0, raster=raster), seed=1)
    sizes = [batches.batch(i)["wafer"].shape[-1] for i in range(150)]
    shares = [np.mean(np.array(sizes) == size) for size in raster.sizes]
    assert shares == pytest.approx(np.array(raster.shares), abs=0.1)


@pytest.mark.parametrize("raster", RASTERS.values(), ids=RASTERS)
def test_every_grid_is_drawn_at_the_sizes_and_in_the_cells_in_which_the_app_shows_it(raster):
    looks = {size: _looks(size, raster) for size in raster.sizes}
    for dies in GRIDS:
        shown = {(raster.size((-(-dies // block),)), block) for block in blocks((dies, dies))}
        drawn = {(size, block) for size in looks for block, (low, high) in looks[size].items() if low <= dies <= high}
        assert shown <= drawn


def test_a_batch_at_one_pixel_a_die_shows_every_die_once():
    batch = WaferBatches(
        None, MixConfig(pixels=6 * 64 * 64, size_shares=(1.0,), fine_share=1.0, raster=PADDED), seed=3
    ).batch(0)
    n, _, size, _ = batch["wafer"].shape
    assert (n, size) == (24, 32)
    assert set(batch["wafer"][:, 0].unique().tolist()) == {0.0, 1.0}
    assert not (batch["masks"].bool() & (batch["wafer"][:, :1] == 0)).any()
    assert batch["wafer"][:, 1, :, 0].any()  # laid into the upper left corner
    assert batch["wafer"][:, 1, 0].any()


def test_wafers_seen_in_cells_come_up_with_the_share_of_each_cell_that_a_class_accounts_for():
    batches = WaferBatches(None, MixConfig(size_shares=(0, 0, 1.0), fine_share=0.0), seed=2)
    batch = batches.batch(0)
    fail, masks = batch["wafer"][:, 0], batch["masks"]
    assert ((fail > 0) & (fail < 1)).any()
    assert ((masks > 0) & (masks < 1)).any()
    whole = WaferBatches(None, MixConfig(size_shares=(0, 0, 1.0), fine_share=1.0), seed=2).batch(0)
    assert set(whole["wafer"][:, 0].unique().tolist()) | set(whole["masks"].unique().tolist()) == {0.0, 1.0}


def test_real_wafers_come_with_labels_in_the_share_told_where_there_are_any_of_that_size():
    real = labelled()
    assert {RESAMPLED.size(m.shape) for m in real.maps} == {64}
    batches = WaferBatches(real, SMALL, seed=3)
    for number in range(5):
        batch = batches.batch(number)
        n, size = batch["wafer"].shape[::2]
        assert int((~batch["has_masks"]).sum()) == (n // 2 if size == 64 else 0)


def test_a_size_that_few_real_wafers_have_gets_fewer_of_them():
    small = labelled(99)
    large = draw_wafer(np.random.default_rng(1), WaferRecipe(shortest=60, longest=60, classes=("edge",))).wafer.dies
    real = LabelledMaps(
        [*small.maps, large],
        np.concatenate([small.presence, small.presence[:1]]),
        [*small.names, "fab:edge"],
        np.append(small.near_full, False),
    )
    mix = MixConfig(pixels=20 * 64 * 64, real_share=1.0, raster=PADDED)
    sizes = {PADDED.size(m.shape): 0 for m in small.maps}
    for share, size in ((1.0, *sizes), (0.2, 64)):
        shares = tuple(float(each == size) for each in PADDED.sizes)
        batch = WaferBatches(real, replace(mix, size_shares=shares), seed=3).batch(0)
        assert float((~batch["has_masks"]).float().mean()) == pytest.approx(share, abs=0.03)


def test_real_wafers_without_a_pattern_come_up_in_the_share_told_and_labels_evenly():
    mix = MixConfig(pixels=20 * 64 * 64, size_shares=(1.0,), real_share=1.0)
    batches = WaferBatches(labelled(), mix, seed=3)
    presence = torch.cat([batches.batch(i)["presence"] for i in range(15)])
    assert float((presence == 0).all(dim=1).float().mean()) == pytest.approx(mix.none_share, abs=0.1)
    edge = float(presence[:, CLASS_INDEX["edge"]].mean())
    assert edge == pytest.approx((1 - mix.none_share) / 2, abs=0.1)


def test_real_wafers_come_on_other_grids_of_the_same_working_size():
    real, size = labelled(9), 32
    shares = tuple(float(each == size) for each in PADDED.sizes)
    mix = MixConfig(pixels=40 * size**2, size_shares=shares, real_share=1.0, raster=PADDED)
    rows = {}
    for share in (0.0, 1.0):
        wafers = WaferBatches(real, replace(mix, resized_share=share), seed=3).batch(0)["wafer"]
        rows[share] = {int(wafer[1].any(dim=1).sum()) for wafer in wafers}
    assert max(rows[0.0]) <= 26
    assert len(rows[1.0] - rows[0.0]) > 3
    assert max(rows[1.0]) <= size


def test_failures_of_wafers_without_a_pattern_are_laid_over_those_with_one():
    real = labelled(9)
    maps = [np.where(dies > 0, 2, 0).astype(np.uint8) if i % 3 == 0 else dies for i, dies in enumerate(real.maps)]
    mix = MixConfig(pixels=40 * 64 * 64, size_shares=(1.0,), real_share=1.0, none_share=0.0, overlaid_share=0.5)
    batches = WaferBatches(LabelledMaps(maps, real.presence, real.names, real.near_full), mix, seed=3)
    wafers = torch.cat([batches.batch(i)["wafer"] for i in range(3)])
    failing = wafers[:, 0].sum(dim=(1, 2)) / wafers[:, 1].sum(dim=(1, 2))
    assert float((failing > 0.9).float().mean()) == pytest.approx(0.5, abs=0.1)


def test_two_patterns_on_one_wafer_come_up_in_the_share_told_with_both_labels():
    drawn = [
        draw_wafer(np.random.default_rng(i), WaferRecipe(shortest=26, longest=26, classes=(key,), background=0.01))
        for i, key in enumerate(("center", "scratch"))
    ]
    presence = np.stack([one.masks.any(axis=(1, 2)).astype(np.float32) for one in drawn])
    real = LabelledMaps([one.wafer.dies for one in drawn], presence, ["fab:0", "fab:1"], np.zeros(2, dtype=bool))
    mix = MixConfig(pixels=80 * 64 * 64, size_shares=(1.0,), real_share=1.0, joined_share=0.6)
    batch = WaferBatches(real, mix, seed=3).batch(0)
    both = batch["presence"].sum(dim=1) == 2
    assert float(both.float().mean()) == pytest.approx(0.3, abs=0.12)  # half of the others are the wafer's own
    failing = batch["wafer"][:, 0].sum(dim=(1, 2))
    assert failing[both].mean() > failing[~both].mean()


def test_wafers_that_nobody_can_label_are_never_drawn():
    real = labelled(6)
    unknown = LabelledMaps(real.maps, np.full_like(real.presence, np.nan), real.names, np.ones(6, dtype=bool))
    batch = WaferBatches(unknown, MixConfig(pixels=4 * 64 * 64, size_shares=(1.0,)), seed=1).batch(0)
    assert batch["has_masks"].all()
    assert not batch["presence"].isnan().any()


def test_a_large_real_wafer_is_seen_fine_and_as_a_whole():
    drawn = draw_wafer(np.random.default_rng(1), WaferRecipe(shortest=210, longest=210, classes=("center",)))
    presence = np.zeros((1, CLASS_COUNT), dtype=np.float32)
    presence[0, CLASS_INDEX["center"]] = 1
    real = LabelledMaps([drawn.wafer.dies], presence, ["fab:0"], np.zeros(1, dtype=bool))
    pools = WaferBatches(real, SMALL, seed=1).pools
    group = f"fab:{CLASS_INDEX['center']}"
    assert {size: pool[group].tolist() for size, pool in pools.items()} == {128: [[0, 4]], 224: [[0, 1]]}


def by_people(first: int, count: int = 6, classes: tuple[str, ...] = ("lithography",)) -> MaskedMaps:
    """Wafers of 26 dies across with masks, none of which synthesis is asked for elsewhere here."""
    recipe = WaferRecipe(shortest=26, longest=26, classes=classes, background=0.05)
    drawn = [draw_wafer(np.random.default_rng(first + i), recipe) for i in range(count)]
    return MaskedMaps([d.wafer.dies for d in drawn], [d.masks for d in drawn], [f"P:{first + i}" for i in range(count)])


ONE_SIZE = MixConfig(pixels=20 * 64 * 64, size_shares=(1.0,), real_share=0.0)


def test_unlabelled_wafers_come_on_top_of_the_very_same_batch():
    maps = labelled().maps
    with_them = WaferBatches(labelled(), SMALL, seed=3, more=MoreWafers(unlabelled=maps))
    for number in range(5):
        expected, got = WaferBatches(labelled(), SMALL, seed=3).batch(number), with_them.batch(number)
        assert same(expected, {name: got[name] for name in expected})
        n, size = got["wafer"].shape[::2]
        if size == 64:
            assert got["weak"].shape == got["strong"].shape == (n, 3, 64, 64)
            assert got["way"].shape == (n,)
            lost = (follow(got["weak"], got["way"])[:, 1] == 0) & (got["strong"][:, 1] == 1)
            assert not lost.any()  # the strong look shows no die that the weak one has not
        else:
            assert got.keys() == expected.keys()


def test_people_s_wafers_come_in_the_share_told_with_masks_that_turn_along():
    mix = MixConfig(**{**vars(ONE_SIZE), "people_share": 1.0})
    of = by_people(0)
    batch = WaferBatches(None, mix, seed=3, more=MoreWafers(people=of)).batch(0)
    assert batch["has_masks"].all()
    assert batch["presence"].sum(dim=0).tolist() == [20.0 if k == CLASS_INDEX["lithography"] else 0.0 for k in range(8)]
    assert not (batch["masks"].bool() & (batch["wafer"][:, :1] == 0)).any()
    drawn = WaferBatches(None, ONE_SIZE, seed=3, more=MoreWafers(people=of))
    lattices = sum(
        int((b["presence"].sum(dim=1) == b["presence"][:, CLASS_INDEX["lithography"]]).sum())
        for b in (drawn.batch(i) for i in range(5))
    )
    assert 0.45 * 100 <= lattices <= 0.8 * 100  # half are people's, and some of the synthetic look like it


def test_a_share_of_people_s_wafers_is_replayed_from_what_is_known():
    mix = MixConfig(**{**vars(ONE_SIZE), "people_share": 1.0, "replay": 0.2})
    more = MoreWafers(people=by_people(0), known=by_people(50, classes=("ring",)))
    batches = WaferBatches(None, mix, seed=3, more=more)
    presence = torch.cat([batches.batch(i)["presence"] for i in range(8)])
    assert float(presence[:, CLASS_INDEX["ring"]].mean()) == pytest.approx(0.2, abs=0.07)
    assert float(presence[:, CLASS_INDEX["lithography"]].mean()) == pytest.approx(0.8, abs=0.07)


def test_a_wafer_without_a_failing_die_teaches_nothing_and_is_not_drawn():
    batch = WaferBatches(None, ONE_SIZE, seed=1, more=MoreWafers(unlabelled=[np.ones((26, 26), np.uint8)])).batch(0)
    assert "weak" not in batch
