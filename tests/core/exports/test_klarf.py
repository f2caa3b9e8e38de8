"""KLARF files read back: by our reader, and by readers of a few lines that were written from the format alone."""

import dataclasses
import re
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.exports.klarf import klarf_text
from core.exports.review_points import Places
from core.exports.review_table import load_review_table
from data.errors import ExportError
from data.formats import read_bytes
from data.formats.klarf import parse_klarf
from data.geometry import geometry
from data.orientation import axes_text
from data.wafer import Notch
from tests.core.exports.examples import analysed, example_result
from tests.core.exports.klarf_readers import INDEPENDENT, TENTH_OF_A_MICRON_MM

MADE = datetime(2026, 11, 23, 12, 30, 5, tzinfo=UTC)
BOTH = pytest.mark.parametrize("version", ["1.2", "1.8"])


@st.composite
def results(draw):
    """Wafers of any grid, pitch, notch and numbering, with clusters of two classes."""
    shape = draw(st.tuples(st.integers(8, 60), st.integers(8, 60)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    result = example_result(
        shape=(max(shape[0], 12), max(shape[1], 12)),
        die_pitch_mm=(draw(st.floats(0.05, 40)), draw(st.floats(0.05, 40))),
        diameter_mm=draw(st.sampled_from([None, 150.0, 300.0])),
        notch=draw(st.sampled_from(list(Notch))),
        center=draw(st.none() | st.tuples(st.floats(0, 60), st.floats(0, 60))),
        attributes=draw(
            st.sampled_from(
                [
                    {},
                    {"die_axes": axes_text("right", "up", (-7, 31))},
                    {"die_axes": axes_text("left", "up", (4, 4)), "slot": "12", "step": "M1"},
                ]
            )
        ),
    )
    dies = np.array(result.wafer.dies)
    dies[rng.random(dies.shape) < 0.2] = 2
    masks = (rng.random(result.segmentation.masks.shape) < 0.5) & (dies == 2)
    return analysed(dataclasses.replace(result.wafer, dies=dies), masks)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(result=results(), version=st.sampled_from(["1.2", "1.8"]))
def test_centroids_come_back_to_a_tenth_of_a_micron_with_either_reader(result, version):
    text = klarf_text(result, version, MADE, places=Places.CENTROIDS)
    table = load_review_table()
    expected = [(table.number(one.class_key), *one.centroid_mm) for one in result.instances]
    [inspection] = parse_klarf(text, "a.klarf")
    ours = [(defect.class_number, *inspection.place_mm(defect)) for defect in inspection.defects]
    for found in (ours, INDEPENDENT[version](text)):
        assert np.array(found) == pytest.approx(np.array(expected), abs=TENTH_OF_A_MICRON_MM)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(result=results(), version=st.sampled_from(["1.2", "1.8"]))
def test_sampled_dies_are_dies_of_their_class_and_lie_at_their_centres(result, version):
    text = klarf_text(result, version, MADE)
    table, frame = load_review_table(), geometry(result.wafer)
    found = INDEPENDENT[version](text)
    for one in result.instances:
        x_mm, y_mm = frame.to_mm(*one.dies.astype(float).T)
        number = table.number(one.class_key)
        own = [place[1:] for place in found if place[0] == number]
        assert len(own) <= table.points(one.class_key, result.severity.score)
        same_class = [other for other in result.instances if other.class_key == one.class_key]
        centres = np.concatenate([np.stack(frame.to_mm(*each.dies.astype(float).T), axis=1) for each in same_class])
        for place in own:
            assert np.abs(centres - place).max(axis=1).min() < TENTH_OF_A_MICRON_MM
        assert len(x_mm) == one.die_count == len(y_mm)


@BOTH
def test_the_sample_plan_is_the_tested_dies_and_the_wafer_says_who_it_is(version):
    result = example_result(
        die_pitch_mm=(10.0, 12.0),
        diameter_mm=300.0,
        product="CHIP-A",
        notch=Notch.LEFT,
        wafer_id="W07",
        tested_at=datetime(2026, 5, 1, 14, 30, tzinfo=UTC),
        attributes={"die_axes": axes_text("right", "up", (-3, 40)), "step": "M1 CMP", "slot": "07"},
    )
    [read] = parse_klarf(klarf_text(result, version, MADE), "a.klarf")
    rows, columns = np.nonzero(result.wafer.on_wafer)
    assert read.inspected == set(zip((columns - 3).tolist(), (40 - rows).tolist(), strict=True))
    assert (read.lot_id, read.wafer_id, read.notch, read.diameter_mm) == ("LOT1", "W07", Notch.LEFT, 300.0)
    assert read.inspected_at == datetime(2026, 5, 1, 14, 30)
    assert {"device": "CHIP-A", "step": "M1 CMP", "slot": "7"}.items() <= read.history.items()
    assert (read.classes[0], read.classes[14]) == ("Unclassified", "Scratch")
    assert {defect.review["CLUSTERNUMBER"] for defect in read.defects} == {"1", "2"}
    assert all(defect.review["REVIEWSAMPLE"] == "1" for defect in read.defects)


@BOTH
def test_the_file_reads_back_as_a_defect_map_of_the_same_grid(version):
    result = example_result(die_pitch_mm=(10.0, 12.0), diameter_mm=300.0)
    [wafer] = read_bytes("a.klarf", klarf_text(result, version, MADE).encode())
    assert wafer.dies.shape == result.wafer.dies.shape
    assert np.array_equal(wafer.on_wafer, result.wafer.on_wafer)
    assert (result.segmentation.masks.any(axis=0)[wafer.failing]).all()
    assert wafer.die_pitch_mm == pytest.approx((10.0, 12.0))


@BOTH
def test_a_wafers_own_centre_goes_out_and_comes_back(version):
    result = example_result(die_pitch_mm=(3.0, 4.0), diameter_mm=300.0, center=(9.4, 12.75))
    [wafer] = read_bytes("a.klarf", klarf_text(result, version, MADE).encode())
    assert wafer.center == pytest.approx((9.4, 12.75), abs=TENTH_OF_A_MICRON_MM / 4)


@BOTH
def test_names_that_would_end_a_quote_or_a_line_do_no_harm(version):
    result = example_result(lot='L"7";\nEndOfFile;', wafer_id="W{1}", product="晶圓\x00\ud800", die_pitch_mm=(1.0, 1.0))
    [read] = parse_klarf(klarf_text(result, version, MADE), "a.klarf")
    assert (read.lot_id, read.wafer_id) == ('L"7";\nEndOfFile;', "W{1}")
    assert read.history["device"].startswith("晶圓")
    text = klarf_text(result, version, MADE)
    assert text.isascii()
    assert "L 7 ; EndOfFile;" in text


@BOTH
def test_a_wafer_without_clusters_makes_a_file_without_defects(version):
    clean = example_result(die_pitch_mm=(10.0, 12.0))
    clean = analysed(clean.wafer, np.zeros_like(clean.segmentation.masks))
    [read] = parse_klarf(klarf_text(clean, version, MADE), "a.klarf")
    assert read.defects == ()
    assert read.inspected_at is None


@BOTH
def test_a_wafer_of_unknown_pitch_is_refused(version):
    with pytest.raises(ExportError, match="LOT1:W01: the die pitch is not known"):
        klarf_text(example_result(), version, MADE)


@BOTH
def test_numbering_that_klarf_cannot_hold_gives_way_to_one_from_the_middle(version):
    for axes in (axes_text("right", "down", (0, 0)), axes_text("right", "up", (10**12, 0))):
        result = example_result(shape=(31, 25), die_pitch_mm=(1.0, 1.0), attributes={"die_axes": axes})
        [read] = parse_klarf(klarf_text(result, version, MADE), "a.klarf")
        assert (min(read.inspected), max(read.inspected)) == ((-12, -15), (12, 15))


@BOTH
def test_what_nobody_knows_is_left_out(version):
    text = klarf_text(example_result(wafer_id="W07", die_pitch_mm=(10.0, 12.0)), version, MADE)
    for word in ("SampleSize", "SampleOrientationMarkType", "Slot", "ResultTimestamp", "SetupID", "RecipeID"):
        assert word not in text
    [wafer] = read_bytes("a.klarf", text.encode())
    assert (wafer.diameter_mm, wafer.tested_at, wafer.remarks, wafer.exported_as) == (None, None, (), "klarf")


@BOTH
def test_a_flat_and_a_slot_are_said_where_they_are_known(version):
    said = {"orientation_mark": "Flat", "slot": "12"}
    text = klarf_text(example_result(die_pitch_mm=(1.0, 1.0), attributes=said), version, MADE)
    [read] = parse_klarf(text, "a.klarf")
    assert (read.history["orientation_mark"], read.history["slot"]) == ("FLAT", "12")


@BOTH
def test_dies_that_no_plan_had_are_in_no_plan(version):
    result = example_result(
        die_pitch_mm=(10.0, 12.0),
        attributes={"die_axes": axes_text("right", "up", (0, 29)), "dies_outside_the_sample_plan": "6 25, 7 25"},
    )
    [read] = parse_klarf(klarf_text(result, version, MADE), "a.klarf")
    assert {(6, 25), (7, 25)}.isdisjoint(read.inspected)
    assert len(read.inspected) == result.wafer.tested_count - 2


@BOTH
def test_the_file_a_wafer_came_from_tells_which_dies_no_plan_had(version):
    """A defect beside the plan of a first file is beside the plan of the file that is made of it, too."""
    result = example_result(die_pitch_mm=(10.0, 12.0), attributes={"die_axes": axes_text("right", "up", (0, 29))})
    text = klarf_text(result, "1.2", MADE, places=Places.DIES)
    [first] = parse_klarf(text, "a.klarf")
    place = (first.defects[0].x_index, first.defects[0].y_index)
    plan = f" {place[0]} {place[1]}\r\n"
    assert plan in text
    cut = text.replace(plan, "", 1).replace(
        f"SampleTestPlan {len(first.inspected)}", f"SampleTestPlan {len(first.inspected) - 1}"
    )
    [wafer] = read_bytes("b.klarf", cut.encode())
    again = analysed(wafer, np.zeros((8, *wafer.dies.shape), dtype=bool))
    [read] = parse_klarf(klarf_text(again, version, MADE), "c.klarf")
    assert place not in read.inspected
    assert len(read.inspected) == wafer.tested_count - 1


@BOTH
def test_without_known_passing_dies_there_is_no_plan_and_no_density(version):
    result = example_result(die_pitch_mm=(10.0, 12.0), passing_known=False)
    text = klarf_text(result, version, MADE)
    assert "SampleTestPlan" not in text
    assert "DEFDENSITY" not in text
    [read] = parse_klarf(text, "a.klarf")
    assert not read.plan_known


@BOTH
@pytest.mark.parametrize("diameter_mm", [76.2, 100.0, 150.0, 152.4, 203.2, 300.0, 449.9999])
def test_a_diameter_goes_out_in_whole_units_and_comes_back_as_it_was(version, diameter_mm):
    pitch = diameter_mm / 31
    text = klarf_text(example_result(die_pitch_mm=(pitch, pitch), diameter_mm=diameter_mm), version, MADE)
    size = re.search(r"SampleSize (?:1 |2 \{)(\d+)[;,]", text)[1]
    unit = 1.0 if version == "1.2" else 1e-6
    assert int(size) * unit == pytest.approx(diameter_mm, abs=unit / 2)
    [wafer] = read_bytes("a.klarf", text.encode())
    assert wafer.diameter_mm == pytest.approx(diameter_mm, abs=1e-12)
    assert ("OriginalSize" in text) == (version == "1.2" and diameter_mm % 1 != 0)


@BOTH
def test_a_diameter_that_the_dies_cannot_span_is_remarked(version):
    [wafer] = read_bytes(
        "a.klarf", klarf_text(example_result(die_pitch_mm=(5.0, 5.0), diameter_mm=100.0), version, MADE).encode()
    )
    assert wafer.diameter_mm == 100.0
    assert any("Pitch and diameter do not agree" in remark for remark in wafer.remarks)
