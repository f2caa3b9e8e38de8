import json

from core.annotation.submissions import submit
from core.datasets.frozen_sets import frozen_sets
from core.labels.annotations import LabelSource, labels_of
from core.labels.coco import coco_json
from core.labels.label import Labelled
from core.lake import Lake
from tests.pages.label_examples import ANA, BEN, KEYS, sure_label, texts


def press(app, label):
    return next(b for b in app.button if b.label == label).click().run()


def shown(app, part):
    return next(c for c in app.segmented_control if c.options == ["Out", "In", "Frozen datasets"]).set_value(part).run()


def frozen(app, name, after=None):
    next(i for i in app.text_input if i.label == "Name").set_value(name)
    next(s for s in app.selectbox if s.label == "Follows").set_value(after)
    return press(app, "Freeze")


def test_labels_go_out_and_two_frozen_versions_are_compared(work, database, own_home):
    lake = Lake(own_home / "lake")
    with database.writing() as session:
        submit(session, lake.wafer(KEYS[0]), sure_label(own_home, KEYS[0]), ANA, 9.0)
    app = work("label_queue")
    assert not app.exception
    titles = {b.proto.label for b in app.get("download_button")}
    assert {"COCO JSON", "All as zip"} <= titles
    app = frozen(shown(app, "Frozen datasets"), "v1.0")
    assert app.success[0].value.startswith("v1.0 is frozen. Labels: 1; sha256: ")
    assert "it is frozen already" in frozen(app, "v1.0").error[0].value
    with database.writing() as session:
        submit(session, lake.wafer(KEYS[1]), sure_label(own_home, KEYS[1]), BEN, 9.0)
    app = frozen(app.run(), "v1.1", "v1.0")
    assert "**1 added, 0 removed, 0 relabelled, 0 moved** wafers: v1.0 to v1.1." in texts(app)
    assert f"added {KEYS[1]}" in [part.value for part in app.text]
    with database.reading() as session:
        hashes = {row.name: row.sha256 for row in frozen_sets(session)}
    table = next(d.value for d in app.dataframe if "sha256" in d.value)
    assert dict(zip(table["name"], table["sha256"], strict=True)) == hashes
    assert list(table["labels"]) == [2, 1]


def test_a_coco_file_is_looked_at_before_it_is_kept_under_the_persons_name(work, database, own_home):
    wafer, label = Lake(own_home / "lake").wafer(KEYS[0]), sure_label(own_home, KEYS[0])
    given = json.loads(coco_json([Labelled(wafer, label)]))
    given["images"].append({**given["images"][0], "id": 2, "lot_id": "NONE"})
    app = shown(work("label_queue"), "In")
    app.file_uploader(key="coco-file").upload("theirs.json", json.dumps(given).encode(), "application/json").run()
    assert not app.exception
    assert f"**1**, of which 0 say no defect; instances: **{len(label.kept)}**; problems: **1**" in texts(app)
    assert "no wafer of the lake fits image" in app.warning[0].value
    with database.reading() as session:
        assert labels_of(session, [wafer]) == {}, "nothing is kept before somebody says so"
    app = press(app, "Keep as labels of ana")
    assert app.success[0].value == "Labels kept under the name ana: 1."
    with database.reading() as session:
        kept = labels_of(session, [wafer])[KEYS[0]]
    assert (kept.source, kept.annotator) == (LabelSource.IMPORTED, "ana")
    assert (kept.read().masks() == label.masks()).all()


def test_a_file_that_is_no_coco_is_said(work):
    app = shown(work("label_queue"), "In")
    app.file_uploader(key="coco-file").upload("broken.json", b"{", "application/json").run()
    assert not app.exception
    assert "it is no COCO JSON" in app.error[0].value
