"""Maps read back by the readers of data/formats: the same dies, and the classes as bins."""

import dataclasses
from datetime import UTC, datetime
from xml.etree import ElementTree as Xml

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.exports.review_table import load_review_table
from core.exports.semi_maps import e142_xml, g85_xml
from data.classes import CLASS_COUNT, CLASS_INDEX
from data.formats import ReadOptions, read_bytes
from data.reference_die import axes_from_corner, reference_attributes
from data.wafer import Notch, WaferMap
from tests.core.exports.examples import analysed, example_result

TABLE = load_review_table()


def g85(result):
    return g85_xml(result, table=TABLE)


def g85_apart(result):
    return g85_xml(result, table=TABLE, apart=True)


def e142(result):
    return e142_xml(result, table=TABLE)


def e142_maps(result):
    return e142_xml(result, table=TABLE, every_map=True)


WAYS = [g85, g85_apart, e142, e142_maps]
BOTH = pytest.mark.parametrize("write", WAYS)


def read(content, **options):
    [wafer] = read_bytes("a.xml", content, options=ReadOptions(**options))
    assert isinstance(wafer, WaferMap), wafer
    return wafer


@settings(max_examples=40, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 30), st.integers(1, 30)),
    seed=st.integers(0, 2**32 - 1),
    write=st.sampled_from(WAYS),
)
def test_any_wafer_reads_back_with_the_same_dies_and_the_likeliest_class_as_bin(shape, seed, write):
    rng = np.random.default_rng(seed)
    dies = rng.integers(0, 3, shape).astype(np.uint8)
    dies[rng.integers(shape[0]), rng.integers(shape[1])] = 2
    masks = (rng.random((CLASS_COUNT, *shape)) < 0.2) & (dies == 2)
    result = analysed(WaferMap(dies=dies, lot_id="L", wafer_id="W"), masks, clusters=False)
    sure = rng.random(masks.shape).astype(np.float32)
    result = dataclasses.replace(result, segmentation=dataclasses.replace(result.segmentation, probabilities=sure))
    found = read(write(result))
    assert np.array_equal(found.dies, dies)
    bins = dies if found.bins is None else found.bins
    for row, column in np.argwhere(dies).tolist():
        classes = [k for k in range(CLASS_COUNT) if masks[k, row, column]]
        best = max(classes, key=lambda k: sure[k, row, column], default=None)
        key = next((key for key, k in CLASS_INDEX.items() if k == best), None)
        assert bins[row, column] == (TABLE.number(key) if key else dies[row, column])


@BOTH
def test_the_wafer_says_who_it_is(write):
    result = example_result(
        lot='L<7>&"x"',
        product="CHIP\x01A",
        die_pitch_mm=(300 / 27, 12.5),
        diameter_mm=200.0,
        tested_at=datetime(2026, 5, 1, 14, 30, tzinfo=UTC),
    )
    found = read(write(result))
    assert (found.lot_id, found.wafer_id, found.product) == ('L<7>&"x"', "W01", "CHIP A")
    assert found.die_pitch_mm == pytest.approx((300 / 27, 12.5), abs=1e-6)
    assert (found.diameter_mm, found.attributes["map"]) == (200.0, "defects")
    assert "14 Fail Scratch" in found.attributes["bins"]


@BOTH
@pytest.mark.parametrize("notch", list(Notch))
def test_the_notch_is_declared(write, notch):
    result = example_result(notch=notch)
    quarters = list(Notch).index(notch)  # down, left, up, right: clockwise
    assert np.array_equal(read(write(result)).dies, np.rot90(result.wafer.dies, quarters))


def test_e142_has_every_class_of_a_die_that_has_two_and_the_testers_own_bins():
    bins = np.full((30, 24), 65535, dtype=np.uint16)
    bins[4:8, 6:11] = 7
    bins[-1, -1] = 9
    result = example_result(bins=bins)
    content = e142_maps(result)
    for key in ("particle", "scratch"):
        own = read(content, overlay=f"defects_{key}")
        assert np.array_equal(own.dies, result.wafer.dies)
        assert np.array_equal(own.bins == TABLE.number(key), result.segmentation.masks[CLASS_INDEX[key]])
    tester = read(content, overlay="bins")
    assert np.array_equal(tester.bins, bins)
    assert np.array_equal(tester.dies, result.wafer.dies)


@BOTH
def test_the_time_is_the_tests_and_a_wafer_without_one_has_none(write):
    tested = datetime(2026, 5, 1, 14, 30, 7, tzinfo=UTC)
    assert read(write(example_result(tested_at=tested))).tested_at == tested
    assert read(write(example_result())).tested_at is None


@BOTH
def test_bins_are_counted_and_a_die_is_named_by_which_to_align(write):
    result = example_result()
    root = Xml.fromstring(write(result))
    counts = {e.get("BinCode"): e.get("BinCount") for e in root.iter() if e.tag.endswith(("}Bin", "}BinDefinition"))}
    assert (counts["001"], counts["002"], counts["015"]) == ("699", "1", "20" if write is e142_maps else "15")
    [first, *_] = [e for e in root.iter() if e.tag.endswith("}ReferenceDevice")]
    assert [*first.attrib.values(), *(v for e in first for v in e.attrib.values())][-2:] == ["0", "0"]


def test_e142_has_one_map_unless_more_are_asked_for():
    result = example_result(bins=np.ones((30, 24), dtype=np.uint16))
    counts = [write(result).count(b"<BinCodeMap") for write in (e142, e142_maps)]
    assert counts == [1, 4]


def test_the_other_g85_lies_in_maps_and_parts_its_codes():
    root = Xml.fromstring(g85_apart(example_result()))
    assert root.tag.endswith("}Maps")
    rows = [e.text.split() for e in root.iter() if e.tag.endswith("}Row")]
    assert {len(row) for row in rows} == {24}


@BOTH
def test_our_own_maps_are_known_as_such(write):
    assert read(write(example_result())).exported_as in ("g85", "e142")


@pytest.mark.parametrize("write", [g85_xml, e142_xml])
def test_exports_name_the_reference_die_that_the_file_named(write):
    attributes = reference_attributes("7", "3", axes_from_corner("right", "down", (30, 24)))
    text = write(example_result(attributes=attributes)).decode()
    assert 'ReferenceDeviceX="7" ReferenceDeviceY="3"' in text or '<Coordinates X="7" Y="3"' in text
