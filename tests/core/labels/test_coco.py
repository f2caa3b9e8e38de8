import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from core.labels.coco import cell_px, coco_json, read_coco
from core.labels.label import Label, LabelInstance, Labelled, encode
from data.classes import CLASS_KEYS
from data.errors import FormatError
from data.wafer import WaferMap

FORMS = ("polygon", "rle")


def loaded(text, tmp_path):
    path = tmp_path / "coco.json"
    path.write_text(text)
    return COCO(str(path))


def labelled(grids, name="W01"):
    """A wafer on which every die of these masks fails, with an instance a mask."""
    failing = np.logical_or.reduce(grids)
    wafer = WaferMap(dies=np.where(failing, 2, 1).astype(np.uint8), lot_id="LOT_1", wafer_id=name, product="TC38")
    drawn = [np.argwhere(g) for g in grids if g.any()]
    instances = [LabelInstance(n + 1, CLASS_KEYS[n % 8], dies) for n, dies in enumerate(drawn)]
    return Labelled(wafer, Label(wafer.key, wafer.dies.shape, tuple(instances), no_defect=not drawn), "ana", 61.0)


def drawn_by_coco(annotations, coco):
    return [coco.annToMask(a).astype(bool) for a in annotations]


def with_hole():
    grid = np.zeros((9, 7), dtype=bool)
    grid[1:8, 1:6] = True
    grid[3:5, 2:4] = False
    grid[6, 4] = False
    grid[0, 0] = True  # touches at a corner
    return grid


@pytest.mark.parametrize("form", FORMS)
def test_coco_draws_exactly_the_dies(form, tmp_path):
    one = labelled([with_hole(), ~with_hole()])
    coco = loaded(coco_json([one], form), tmp_path)
    cell = cell_px(one.wafer.dies.shape)
    annotations = coco.loadAnns(coco.getAnnIds())
    for instance, annotation, mask in zip(
        one.label.instances, annotations, drawn_by_coco(annotations, coco), strict=True
    ):
        expected = np.zeros(one.wafer.dies.shape, dtype=bool)
        expected[instance.dies[:, 0], instance.dies[:, 1]] = True
        np.testing.assert_array_equal(mask, np.kron(expected, np.ones((cell, cell), dtype=bool)))
        assert annotation["area"] == mask.sum()
        rows, columns = np.nonzero(mask)
        box = [columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1]
        assert annotation["bbox"] == [int(edge) for edge in box]


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=40)
@given(data=st.data())
def test_labels_come_back_with_the_same_dies(form, data):
    shape = data.draw(st.integers(1, 14)), data.draw(st.integers(1, 14))
    bits = st.lists(st.booleans(), min_size=shape[0] * shape[1], max_size=shape[0] * shape[1])
    one = labelled([np.array(data.draw(bits)).reshape(shape) for _ in range(2)])
    found = read_coco(coco_json([one], form), {one.wafer.key: one.wafer})
    assert found.problems == ()
    assert [encode(label) for label in found.labels] == [encode(one.label)]


def test_compressed_run_lengths_of_other_tools_are_read():
    one = labelled([with_hole()])
    said = json.loads(coco_json([one], "rle"))
    (annotation,) = said["annotations"]
    plain = annotation["segmentation"]
    packed = coco_mask.frPyObjects(plain, *plain["size"])
    annotation["segmentation"] = {"size": plain["size"], "counts": packed["counts"].decode()}
    found = read_coco(json.dumps(said), {one.wafer.key: one.wafer})
    assert encode(found.labels[0]) == encode(one.label)


def test_a_rough_polygon_at_another_scale_snaps_to_the_failing_dies():
    wafer = WaferMap(dies=np.full((10, 20), 2, dtype=np.uint8), lot_id="L", wafer_id="W1")
    said = {
        "images": [{"id": 7, "file_name": "masks/L_W1.png", "width": 300, "height": 300}],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 4, "segmentation": [[[1, 1], [61, 1], [61, 31], [1, 31]]]}
        ],
        "categories": [{"id": 4, "name": "ring"}],
    }
    found = read_coco(json.dumps(said), {"L:W1": wafer})
    (instance,) = found.labels[0].instances
    assert instance.class_key == "ring"
    assert instance.dies.tolist() == [[0, c] for c in range(4)]  # 15 px a column, 30 px a row: middles at y 15


def test_the_categories_are_background_and_the_classes_from_one(tmp_path):
    coco = loaded(coco_json([]), tmp_path)
    assert [(c["id"], c["name"]) for c in coco.loadCats(coco.getCatIds())] == [
        (0, "background"),
        (1, "edge"),
        (2, "center"),
        (3, "ring"),
        (4, "scratch"),
        (5, "particle"),
        (6, "lithography"),
        (7, "etching"),
        (8, "random"),
    ]


def test_what_cannot_be_used_is_said_and_the_rest_goes_through():
    one, other = labelled([with_hole()]), labelled([with_hole()], "W02")
    said = json.loads(coco_json([one, other]))
    said["annotations"][0]["category_id"] = 99
    said["images"].append({"id": 5, "file_name": "nowhere_W9.png", "width": 1, "height": 1})
    wafers = {w.wafer.key: w.wafer for w in (one, other)}
    found = read_coco(json.dumps(said), wafers, "file.json")
    assert encode(found.labels[1]) == encode(other.label)
    assert (found.labels[0].instances, found.labels[0].no_defect) == ((), False)
    assert len(found.problems) == 2
    assert "99 is no defect class" in found.problems[0]
    assert 'no wafer of the lake fits image "nowhere_W9.png"' in found.problems[1]


@pytest.mark.parametrize(
    "segmentation",
    [[[0, 0, 9, 9, 9, 0, 0, 9]], {"size": [3, 3], "counts": [1]}, {"size": [3]}, [[1, 2, 3]], "x", None, [], [[]]],
)
def test_a_broken_mask_is_a_sentence_not_a_crash(segmentation):
    one = labelled([with_hole()])
    said = json.loads(coco_json([one]))
    said["annotations"][0]["segmentation"] = segmentation
    found = read_coco(json.dumps(said), {one.wafer.key: one.wafer})
    assert len(found.problems) == 1


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"images": 3}', "null"])
def test_what_is_no_coco_is_refused_in_a_sentence(text):
    with pytest.raises(FormatError, match="it is no COCO JSON"):
        read_coco(text, {})


def test_an_image_without_annotations_says_no_defect():
    one = labelled([np.zeros((3, 3), dtype=bool)])
    assert read_coco(coco_json([one]), {one.wafer.key: one.wafer}).labels[0].no_defect


def test_what_is_said_of_a_damaged_file_are_sentences_without_the_words_of_python():
    of = labelled([np.ones((5, 5), dtype=bool)]).wafer
    image = {"id": 7, "file_name": "LOT_1_W01.png", "width": 300, "height": 300}
    broken = [
        {"id": 1, "image_id": 7, "category_id": 1, "segmentation": True},
        {"image_id": 7, "category_id": None, "segmentation": []},
        {"id": 3, "image_id": 7, "category_id": 1, "segmentation": [["a", "b"] * 40]},
        {"id": 4, "image_id": 9, "category_id": 1},
        {"id": 5, "image_id": 7, "category_id": 1, "bbox": [0, 0, {"x": None}, 1]},
    ]
    found = read_coco(
        json.dumps(
            {"images": [image], "annotations": broken, "categories": [{"id": 1, "name": next(iter(CLASS_KEYS))}]}
        ),
        {of.key: of},
        "labels.json",
    )
    said = "\n".join(found.problems)
    assert "labels.json: 1 annotation of image 9 cannot be placed: the file lists no such image." in said
    assert "annotation 1 of " in said
    assert "is left out. Its outline: expected a list of points or run lengths, found true. Draw it anew" in said
    assert "annotation without a number of " in said
    assert "Its category: it names none. Name it as one of edge" in said
    assert "…" in said
    assert not [word for word in ("None", "True", "Error", "{'", "char ") if word in said]
    assert all(problem.endswith(".") for problem in found.problems)


@pytest.mark.parametrize(
    ("text", "where"),
    [("{,}", "line 1, column 2 cannot be read as JSON"), ("[" * 100_000, "its lists lie in one another too deeply")],
)
def test_a_file_that_is_no_json_says_where(text, where):
    with pytest.raises(FormatError, match=where) as found:
        read_coco(text, {}, "labels.json")
    assert "char" not in str(found.value)
