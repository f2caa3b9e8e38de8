from dataclasses import replace

import numpy as np
import pytest

from core.datasets.frozen_sets import freeze
from core.datasets.reading import labels_of_keys, labels_of_set
from core.labels.annotations import LabelSource, withdraw, write_annotation
from core.labels.label import encode
from core.lake import Lake
from core.lake.batches import WAFERS_AT_ONCE
from data.errors import AppDatabaseError
from tests.core.label_examples import rows_of, shown

WAFERS = [shown(f"W{n:02d}") for n in range(5)]


@pytest.fixture
def lake(tmp_path) -> Lake:
    lake = Lake(tmp_path / "lake")
    lake.append_wafers(WAFERS)
    return lake


def regridded(wafer):
    """The same wafer with one die more that fails: labels of before are of another grid."""
    dies = wafer.dies.copy()
    dies[-1, -1] = 2
    return replace(wafer, dies=dies)


def told(labelled):
    return [(one.wafer.key, encode(one.label), one.annotator, one.seconds) for one in labelled]


def test_labels_that_count_come_in_the_order_asked_with_their_wafers(lake, database, ana):
    labels = [rows_of(wafer, ("edge", 0, n + 1)) for n, wafer in enumerate(WAFERS)]
    with database.writing() as session:
        for n, (wafer, label) in enumerate(zip(WAFERS[:4], labels, strict=False)):
            write_annotation(session, wafer, label, ana, float(n))
        gone = write_annotation(session, WAFERS[4], labels[4], ana, 9.0)
        withdraw(session, gone.id, ana)
        reviewed = rows_of(WAFERS[2], ("ring", 0, 2))
        write_annotation(session, WAFERS[2], reviewed, replace(ana, name="eve"), 7.0, LabelSource.REVIEWED)
    lake.append_wafers([regridded(WAFERS[1])])
    asked = [WAFERS[n].key for n in (3, 4, 2, 1, 0)] + ["NO:SUCH"]
    found = list(labels_of_keys(database, lake, asked))
    assert told(found) == [
        (WAFERS[3].key, encode(labels[3]), "ana", 3.0),
        (WAFERS[2].key, encode(reviewed), "eve", 7.0),
        (WAFERS[0].key, encode(labels[0]), "ana", 0.0),
    ]
    np.testing.assert_array_equal(found[0].wafer.dies, WAFERS[3].dies)


def test_a_frozen_dataset_is_read_as_it_was_but_for_wafers_of_another_grid(lake, database, ana):
    frozen = [rows_of(wafer, ("edge", 0, n + 1)) for n, wafer in enumerate(WAFERS)]
    with database.writing() as session:
        for n, wafer in enumerate(WAFERS):
            write_annotation(session, wafer, frozen[n], ana, float(n))
        freeze(session, "v1", WAFERS, ana)
        write_annotation(session, WAFERS[0], rows_of(WAFERS[0], ("ring", 0, 6)), ana, 99.0)
    lake.append_wafers([regridded(WAFERS[1])])
    expected = [(WAFERS[n].key, encode(frozen[n]), "ana", float(n)) for n in (0, 2, 3, 4)]
    assert sorted(told(labels_of_set(database, lake, "v1"))) == expected


@pytest.mark.slow
def test_more_labels_than_are_read_at_once_are_all_read_once(tmp_path, database, ana):
    many = [shown(f"W{n:04d}", size=2) for n in range(WAFERS_AT_ONCE + 3)]
    lake = Lake(tmp_path / "lake")
    lake.append_wafers(many)
    with database.writing() as session:
        for wafer in many:
            write_annotation(session, wafer, rows_of(wafer, ("edge", 0, 1)), ana, 1.0)
        freeze(session, "v1", many, ana)
    keys = [wafer.key for wafer in many]
    assert [one.wafer.key for one in labels_of_keys(database, lake, keys)] == keys
    assert sorted(one.wafer.key for one in labels_of_set(database, lake, "v1")) == keys


def test_a_dataset_that_does_not_exist_is_refused(lake, database):
    with pytest.raises(AppDatabaseError, match="v9"):
        list(labels_of_set(database, lake, "v9"))
