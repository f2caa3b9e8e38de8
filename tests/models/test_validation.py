import numpy as np
import torch

from data.classes import CLASS_COUNT, CLASS_INDEX
from data.datasets import LabelledMaps, MaskedMaps
from data.pictures import RESAMPLED
from models.validation import BATCH_PIXELS, NONE_AT_MOST, PATTERNS_AT_MOST, fixed_batches
from tests.pictures import picture


def held_out(none: int, patterns: int, near_full: int = 2) -> LabelledMaps:
    """Wafers of two sizes, each recognisable by the place of its one failing die."""
    count = none + patterns + near_full
    maps = []
    for i in range(count):
        dies = np.ones((26, 26) if i % 2 else (52, 52), dtype=np.uint8)
        dies.flat[i % dies.size] = 2
        maps.append(dies)
    presence = np.zeros((count, CLASS_COUNT), dtype=np.float32)
    presence[none : none + patterns, CLASS_INDEX["ring"]] = 1
    presence[none + patterns :] = np.nan
    return LabelledMaps(maps, presence, [f"fab:{i}" for i in range(count)], np.arange(count) >= none + patterns)


def test_the_batches_are_the_same_every_time():
    one, other = fixed_batches(None, 2, 5, RESAMPLED), fixed_batches(None, 2, 5, RESAMPLED)
    assert all(torch.equal(a["wafer"], b["wafer"]) for a, b in zip(one, other, strict=True))
    assert all(torch.equal(a["masks"], b["masks"]) for a, b in zip(one, other, strict=True))
    assert all(batch["has_masks"].all() for batch in one)


def test_every_held_out_wafer_is_shown_once_with_its_own_label():
    wafers = held_out(10, 15)
    batches = fixed_batches(wafers, 0, 5, RESAMPLED)
    shown = [(w.numpy(), p.numpy()) for b in batches for w, p in zip(b["wafer"], b["presence"], strict=True)]
    expected = [
        (picture(dies), label)
        for dies, label, whole in zip(wafers.maps, wafers.presence, wafers.near_full, strict=True)
        if not whole
    ]
    key = lambda pair: (pair[0].shape, pair[0].tobytes(), pair[1].tobytes())  # noqa: E731
    assert sorted(map(key, shown)) == sorted(map(key, expected))
    assert not any(b["has_masks"].any() or b["masks"].any() for b in batches)


def test_many_wafers_are_thinned_evenly_and_batches_bounded():
    batches = fixed_batches(held_out(NONE_AT_MOST * 2 + 1, PATTERNS_AT_MOST + 3), 0, 5, RESAMPLED)
    presence = torch.cat([b["presence"] for b in batches])
    none = int((presence == 0).all(dim=1).sum())
    assert NONE_AT_MOST / 2 < none <= NONE_AT_MOST
    assert PATTERNS_AT_MOST / 2 <= len(presence) - none <= PATTERNS_AT_MOST
    assert all(b["wafer"][:, 0].numel() <= BATCH_PIXELS for b in batches)


def test_without_any_wafer_to_show_there_is_no_batch():
    assert fixed_batches(held_out(0, 0), 0, 5, RESAMPLED) == []


def test_wafers_of_people_come_in_batches_of_their_own_with_their_masks():
    maps = [np.full((26, 26), 2, np.uint8), np.full((52, 52), 2, np.uint8)]
    masks = [np.zeros((CLASS_COUNT, *dies.shape), dtype=bool) for dies in maps]
    for mask in masks:
        mask[CLASS_INDEX["edge"], 0] = True
    batches = fixed_batches(None, 1, 5, RESAMPLED, MaskedMaps(maps, masks, ["P:1", "P:2"]))
    assert ["people" in batch for batch in batches] == [False, True, True]
    for batch in batches[1:]:
        assert batch["has_masks"].all()
        drawn = batch["masks"][0, CLASS_INDEX["edge"]]
        assert (drawn[0] == 1).all()
        assert not drawn[4:].any()
        assert float(batch["masks"].sum()) == float(drawn.sum())
        assert batch["presence"][0].nonzero().tolist() == [[CLASS_INDEX["edge"]]]
