import json

import pytest

from core.annotation.submissions import submit
from core.database import AppDatabase
from core.identity import Person
from core.labels.label import Label
from jobs import export_labels, freeze_dataset
from tests.core.label_examples import labelled_home
from tests.core.lake_examples import drawn

pytestmark = pytest.mark.slow


def test_a_frozen_dataset_goes_out_as_it_was_and_the_next_says_what_changed(tmp_path, capsys):
    home = ["--home", str(labelled_home(tmp_path))]
    assert freeze_dataset.main(["--name", "v1.0", *home, "--note", "baseline"]) == 0
    assert "v1.0: 4 labels" in capsys.readouterr().out
    wafer = drawn(1)
    database = AppDatabase(tmp_path / "decisions.db")
    with database.writing() as session:
        submit(session, wafer, Label(wafer.key, wafer.dies.shape, no_defect=True), Person("ana"), 3.0)
    database.close()
    assert export_labels.main([*home, "--out", str(tmp_path / "v1"), "--dataset", "v1.0"]) == 0
    said = json.loads((tmp_path / "v1" / "coco.json").read_text())
    assert [image["no_defect"] for image in said["images"]].count(True) == 1  # two by now
    capsys.readouterr()
    assert freeze_dataset.main(["--name", "v1.1", "--after", "v1.0", *home]) == 0
    assert "0 added, 0 removed, 1 relabelled, 0 moved" in capsys.readouterr().out
    assert freeze_dataset.main(home) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["v1.1", "v1.0"]


def test_a_name_that_is_taken_or_a_lake_without_labels_is_said(tmp_path, capsys):
    home = ["--home", str(labelled_home(tmp_path))]
    assert freeze_dataset.main(["--name", "v1.0", *home]) == 0
    assert freeze_dataset.main(["--name", "v1.0", *home]) == 1
    assert "frozen already" in capsys.readouterr().err
    assert freeze_dataset.main(["--name", "v1.0", "--home", str(tmp_path / "empty")]) == 1
    assert "none of these wafers is labelled" in capsys.readouterr().err
