"""Labels that other tools drew, in the layouts that CVAT and Label Studio write."""

import json

import numpy as np
import pytest

from core.drawing.export_sheet import overlay_sheet
from core.labels.coco import read_coco
from core.labels.coco_images import frame_of, possible_keys
from data.classes import CLASS_KEYS
from data.wafer import Notch, WaferMap


def wafer_of(shape=(31, 27), **fields):
    dies = np.zeros(shape, dtype=np.uint8)
    rows, columns = np.indices(shape)
    middle = (shape[0] - 1) / 2, (shape[1] - 1) / 2
    dies[np.hypot((rows - middle[0]) / shape[0], (columns - middle[1]) / shape[1]) <= 0.5] = 2
    return WaferMap(dies=dies, lot_id="LOT1", wafer_id="W05", **fields)


def outline(sheet, first, last):
    """Corners of the rectangle from one die to another, both whole, on the export's picture."""
    rows, columns = sheet.box(*first)
    rows_to, columns_to = sheet.box(*last)
    top, left, bottom, right = rows.start, columns.start, rows_to.stop, columns_to.stop
    return [left, top, right, top, right, bottom, left, bottom]


def cvat(annotations, size, name="LOT1_W05.png"):
    return {
        "licenses": [{"name": "", "id": 0, "url": ""}],
        "info": {"contributor": "", "date_created": "", "description": "", "url": "", "version": "", "year": ""},
        "categories": [{"id": k + 1, "name": key, "supercategory": ""} for k, key in enumerate(CLASS_KEYS)],
        "images": [
            {
                "id": 1,
                "width": size[1],
                "height": size[0],
                "file_name": name,
                "license": 0,
                "flickr_url": "",
                "coco_url": "",
                "date_captured": 0,
            }
        ],
        "annotations": [
            {
                "id": n,
                "image_id": 1,
                "category_id": 5,
                "area": 1.0,
                "bbox": [0.0, 0.0, 0.0, 0.0],
                "iscrowd": 0,
                "attributes": {"occluded": False},
                **one,
            }
            for n, one in enumerate(annotations, 1)
        ],
    }


def label_studio(annotations, size, name="images/3/90fbb0c7-LOT1_W05.png"):
    return {
        "images": [{"width": size[1], "height": size[0], "id": 0, "file_name": name}],
        "categories": [{"id": k, "name": key.capitalize()} for k, key in enumerate(CLASS_KEYS)],
        "annotations": [
            {
                "id": n,
                "image_id": 0,
                "category_id": 4,
                "segmentation": [],
                "bbox": [],
                "ignore": 0,
                "iscrowd": 0,
                "area": 1,
                **one,
            }
            for n, one in enumerate(annotations)
        ],
        "info": {"year": 2026, "version": "1.0", "description": "", "contributor": "Label Studio", "url": ""},
    }


def read(found, wafer, **options):
    return read_coco(json.dumps(found), {wafer.key: wafer}, "theirs.json", **options)


@pytest.mark.parametrize("layout", [cvat, label_studio])
@pytest.mark.parametrize(
    "fields",
    [{}, {"die_pitch_mm": (3.0, 5.0)}, {"die_pitch_mm": (6.0, 2.5), "diameter_mm": 300.0}, {"notch": Notch.LEFT}],
)
def test_an_outline_on_the_exported_picture_holds_exactly_those_dies(layout, fields):
    wafer = wafer_of(**fields)
    sheet = overlay_sheet(wafer)
    first, last = (12, 3), (14, 6)
    found = read(layout([{"segmentation": [outline(sheet, first, last)]}], sheet.size), wafer)
    assert found.problems == ()
    [instance] = found.labels[0].instances
    assert instance.class_key == "particle"
    assert instance.dies.tolist() == [[r, c] for r in range(12, 15) for c in range(3, 7)]


@pytest.mark.parametrize("layout", [cvat, label_studio])
def test_a_box_without_an_outline_takes_its_dies_and_is_said(layout):
    wafer = wafer_of((10, 10))
    found = read(layout([{"segmentation": [], "bbox": [90, 60, 60, 30]}], (300, 300)), wafer)
    assert found.labels[0].instances[0].dies.tolist() == [[2, 3], [2, 4]]
    assert found.problems == (
        f"theirs.json: annotation {1 if layout is cvat else 0} of LOT1:W05 has a box and no outline: the 2 failing "
        "dies in the box are taken.",
    )


def test_run_lengths_of_cvat_are_read_on_the_exported_picture():
    wafer = wafer_of()
    sheet = overlay_sheet(wafer)
    mask = np.zeros(sheet.size, dtype=bool)
    mask[sheet.box(10, 4)] = mask[sheet.box(10, 5)] = True
    bounds = np.flatnonzero(np.diff(mask.ravel(order="F"), prepend=False)).tolist()
    counts = np.diff([0, *bounds, mask.size]).tolist()
    found = read(
        cvat([{"segmentation": {"counts": counts, "size": list(sheet.size)}, "iscrowd": 1}], sheet.size), wafer
    )
    assert found.labels[0].instances[0].dies.tolist() == [[10, 4], [10, 5]]


def test_an_image_that_nobody_annotated_gives_no_label_unless_somebody_says_what_that_means():
    wafer = wafer_of()
    given = cvat([], (300, 300))
    assert (read(given, wafer).labels, read(given, wafer).unannotated) == ((), 1)
    assert read(given, wafer, unannotated_clean=True).labels[0].no_defect
    given["images"][0]["no_defect"] = True
    assert read(given, wafer).labels[0].no_defect


def test_ids_may_be_text_and_the_size_of_run_lengths_stands_for_that_of_the_image():
    wafer = wafer_of((2, 2))
    given = cvat(
        [{"segmentation": {"counts": [0, 100], "size": [10, 10]}, "image_id": "1", "category_id": "5"}], (1, 1)
    )
    given["images"][0] |= {"width": None, "height": None, "id": 1.0}
    found = read(given, wafer)
    assert (found.problems, len(found.labels[0].instances[0].dies)) == ((), 4)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"segmentation": [[1, 1, 2, 2, "x", 3]]}, "expected three points or more"),
        ({"segmentation": 7}, "expected a list of points or run lengths"),
        ({"segmentation": None, "bbox": None}, "it has neither an outline nor a box"),
        ({"segmentation": [], "bbox": [1, 2, 3]}, "expected left, top, width and height"),
        ({"segmentation": {"counts": "x"}}, "expected a size of two whole numbers"),
        ({"category_id": 77}, "77 is no defect class. Name it as one of edge, center"),
        ({"category_id": None}, "it names none"),
        ({"segmentation": [[0, 0, 9, 9, 9, 0, 0, 9]]}, "it crosses itself"),
        ({"image_id": "9"}, "of image 9 cannot be placed: the file lists no such image"),
    ],
)
def test_each_problem_is_a_sentence_in_plain_words(changed, said):
    [problem] = read(cvat([changed], (300, 300)), wafer_of()).problems
    assert said in problem
    assert not any(word in problem for word in ("Error", "KeyError", "NoneType", "ndarray"))


def test_an_outline_on_an_image_of_unknown_size_is_a_sentence():
    given = cvat([{"segmentation": [[0, 0, 9, 0, 9, 9]]}], (300, 300))
    given["images"][0]["width"] = given["images"][0]["height"] = None
    [problem] = read(given, wafer_of()).problems
    assert "the file does not say how wide and high it is" in problem


@pytest.mark.parametrize(
    "name",
    [
        "LOT1_W05.png",
        "images/1/90fbb0c7-LOT1_W05.png",
        "data\\batch 1\\LOT1_W05.jpg",
        "/data/upload/LOT1_W05.png?d=x",
        "LOT1-W05.png",
        "LOT1/W05.png",
        "LOT1%5FW05.png",
        "90fbb0c7-LOT1-W05.tiff",
    ],
)
def test_file_names_of_other_tools_lead_to_the_wafer(name):
    assert "LOT1:W05" in possible_keys({"file_name": name})


def test_a_picture_of_any_other_size_is_the_grid_from_edge_to_edge():
    frame = frame_of((310.0, 540.0), wafer_of())
    assert (frame.corner, frame.cell) == ((0.0, 0.0), (10.0, 20.0))
