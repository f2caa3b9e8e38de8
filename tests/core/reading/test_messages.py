import dataclasses
import json
import random
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.reading import messages
from core.reading.messages import HEAD, GarbageError, Hearing, Kind, Telling, log_of, message, sizes
from data.formats import ReadFailure
from data.formats.options import OutOfMemory
from data.wafer import MAX_GRID, WaferMap
from tests.core.reading.same_wafers import same
from tests.data.formats.strategies import PATIENT, wafers

NAME = "lot.zip"


def arrived(item, name=NAME, telling=None, hearing=None):
    """What the other side makes of a wafer or failure that is sent."""
    content = b"".join((telling or Telling()).message(item))
    text, grids = sizes(content[: HEAD.size])
    end = HEAD.size + text
    assert len(content) == end + grids
    return (hearing or Hearing(name)).item(content[0], content[HEAD.size : end], content[end:])


@pytest.mark.slow
@PATIENT
@given(wafers(), st.sampled_from([NAME, f"{NAME}/a.png"]), st.text(max_size=5), st.booleans())
def test_a_wafer_arrives_as_it_was_sent(wafer, source, text, own):
    wafer = dataclasses.replace(
        wafer, source_name=source, source_sha256="ab" * 32, exported_as="WAFER" * own, attributes={text: text[::-1]}
    )
    assert same(arrived(wafer), wafer)


@pytest.mark.slow
@PATIENT
@given(st.lists(wafers(), max_size=6))
def test_wafers_that_follow_each_other_arrive_as_they_were_sent(sent):
    telling, hearing = Telling(), Hearing(NAME)
    for wafer in [dataclasses.replace(wafer, source_name=NAME) for wafer in sent]:
        found = arrived(wafer, NAME, telling, hearing)
        assert same(found, wafer)
        assert list(found.attributes) == list(wafer.attributes)


def test_every_field_of_a_wafer_is_sent():
    assert {*messages.FIELDS, "dies", "bins"} == {field.name for field in dataclasses.fields(WaferMap)}


def test_the_largest_wafer_is_within_the_bounds():
    whole = np.ones((MAX_GRID, MAX_GRID), np.uint8)
    wafer = WaferMap(dies=whole, bins=whole.astype(np.uint16), lot_id="L", wafer_id="W", source_name=NAME)
    assert same(arrived(wafer), wafer)


def test_numbers_of_numpy_arrive_as_numbers():
    wafer = WaferMap(np.ones((2, 2), np.uint8), "L", "W", source_name=NAME, diameter_mm=np.float32(300), center=(1, 1))
    assert same(arrived(wafer), wafer)


@pytest.mark.parametrize("kind", [ReadFailure, OutOfMemory])
def test_a_failure_arrives_as_it_was_sent(kind):
    failure = kind(f"{NAME}/..\udc80", f"{NAME}: \ud800 \u2028 no.")
    assert arrived(failure) == failure


def test_a_failure_without_end_is_cut():
    assert len(arrived(ReadFailure(NAME, "x" * 10**6)).reason) == 100_000


@pytest.mark.parametrize(
    ("text", "grids"), [(messages.MAX_TEXT + 1, 0), (0, messages.MAX_GRIDS + 1), (2**32 - 1, 2**64 - 1)]
)
def test_promises_beyond_any_wafer_are_refused(text, grids):
    with pytest.raises(GarbageError, match="a message of"):
        sizes(HEAD.pack(Kind.WAFER, text, grids))


@pytest.mark.parametrize("source", ["other.zip", "lot.zipper", "", "lot.zip/../../secret", "/etc/passwd"])
def test_a_wafer_of_another_file_is_refused(source):
    wafer = WaferMap(dies=np.ones((2, 2), np.uint8), lot_id="L", wafer_id="W", source_name=source)
    with pytest.raises(GarbageError):
        arrived(wafer)


def test_a_failure_may_name_an_entry_that_leads_out_since_nothing_is_looked_up_by_it():
    failure = ReadFailure("lot.zip/../evil.png", "lot.zip/../evil.png: the entry's name leads out of the zip.")
    assert arrived(failure) == failure


SHAPE, FIELDS = json.loads(
    Telling().message(WaferMap(dies=np.ones((2, 2), np.uint8), lot_id="L", wafer_id="W", source_name=NAME))[1]
)
TEXTS = {name for name, value in FIELDS.items() if isinstance(value, str)}


def refused(shape, fields, grids=b"\1" * 4) -> bool:
    """Return whether a wafer that says this is taken for no wafer."""
    try:
        Hearing(NAME).item(Kind.WAFER, json.dumps([shape, fields]).encode(), grids)
    except GarbageError:
        return True
    return False


def test_the_wafer_that_is_changed_below_is_taken_as_it_is():
    assert not refused(SHAPE, FIELDS)


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_fields_that_no_wafer_has_are_refused(name):
    for wrong in ([[]], {"a": 1}, 1 if name in TEXTS else "x", *([7.5] if name != "diameter_mm" else [])):
        assert refused(SHAPE, FIELDS | {name: wrong})


@pytest.mark.parametrize(
    "wrong",
    [
        {"center": [1e999, 0]},
        {"die_pitch_mm": [1, 2, 3]},
        {"diameter_mm": float("nan")},
        {"diameter_mm": True},
        {"attributes": [["a", None]]},
        {"remarks": [1]},
        {"tested_at": "yesterday"},
        {"dies": [[1]]},
        {"height": 2},
    ],
)
def test_values_that_no_wafer_has_are_refused(wrong):
    assert refused(SHAPE, FIELDS | wrong)


@pytest.mark.parametrize("shape", [[2, -2], [-2, -2], [2**62, 2**62], [4], [4, 1, 1], [1.0, 4.0], [0, 0], None, "22"])
def test_shapes_that_no_wafer_has_are_refused(shape):
    assert refused(shape, FIELDS)


@pytest.mark.parametrize("grids", [b"", b"\1" * 3, b"\1" * 5, b"\0" * 4, b"\3" * 4])
def test_grids_that_no_wafer_has_are_refused(grids):
    assert refused(SHAPE, FIELDS, grids)


@pytest.mark.parametrize("text", [b"", b"[", b"\xff", b"[" * 10**5, b"[1,2]", b'["a"]', b"9" * 10**4, b"null", b"{}"])
@pytest.mark.parametrize("kind", [Kind.WAFER, Kind.FAILURE, Kind.OUT_OF_MEMORY])
def test_texts_that_say_nothing_are_refused(text, kind):
    with pytest.raises(GarbageError):
        Hearing(NAME).item(kind, text, b"")


@PATIENT
@given(st.binary(max_size=200), st.integers(0, 10**9))
def test_noise_is_refused_or_a_wafer_but_nothing_else_happens(noise, seed):
    """Bytes of a true message, changed here and there."""
    text = bytearray(json.dumps([SHAPE, FIELDS]).encode())
    rng = random.Random(seed)
    for byte in noise[:8]:
        text[rng.randrange(len(text))] = byte
    for content in (bytes(text), noise):
        with suppress(GarbageError):
            assert isinstance(Hearing(NAME).item(Kind.WAFER, content, b"\1" * 4), WaferMap)


def test_what_is_logged_is_bounded_and_holds_no_control_characters():
    told = log_of(message(Kind.LOG, "a\x1b[31m\nb" + "c" * 10**5)[1])
    assert told.startswith("a?[31m\nb")
    assert len(told) == messages.MAX_LOG
    with pytest.raises(GarbageError):
        log_of(b"7")
