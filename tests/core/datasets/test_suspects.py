import numpy as np
import pytest

from core.database import AppDatabase
from core.datasets.suspect_classes import rank_by_class
from core.datasets.suspect_dies import LabelledWafer, rank_by_dies
from core.datasets.suspects import suspect_classes, suspect_dies
from core.identity import Person
from core.labels.annotations import write_annotation
from core.labels.label import Label
from core.lake import Lake
from core.lake.embedding_rows import Embedded
from data.classes import CLASS_INDEX, CLASSES
from data.served import DIMENSION
from tests.core.embedding_examples import unit
from tests.core.label_examples import rows_of
from tests.core.lake_examples import drawn, found_on

ANA = Person("ana")
RING = CLASS_INDEX["ring"]
WRONG = (4, 17, 33)


@pytest.fixture
def places(tmp_path):
    database = AppDatabase(tmp_path / "decisions.db")
    yield database, Lake(tmp_path / "lake")
    database.close()


def annotate(database, labels):
    with database.writing() as session:
        for wafer, label in labels:
            write_annotation(session, wafer, label, ANA, 1.0)


def ring_or_nothing(wafer, ring):
    return rows_of(wafer, ("ring", 0, 4)) if ring else Label(wafer.key, wafer.dies.shape, no_defect=True)


@pytest.fixture
def looked_at(places):
    """Forty wafers of eight lots that look like a ring or like nothing; three labels say the opposite."""
    database, lake = places
    wafers = [drawn(n, lot_id=f"LOT{n % 8}") for n in range(40)]
    truth = np.arange(40) // 8 % 2 == 0
    said = truth.copy()
    said[list(WRONG)] ^= True
    rng = np.random.default_rng(1)
    vectors = 0.05 * rng.standard_normal((40, DIMENSION)) / np.sqrt(DIMENSION)
    vectors[:, 0] += 1
    vectors[:, 1] += truth
    vectors = unit(vectors)
    lake.append_wafers(wafers)
    lake.append_embeddings(Embedded(w.key, 0, "new@1", v) for w, v in zip(wafers, vectors, strict=True))
    lake.append_embeddings(Embedded(w.key, 0, "old@1", v[::-1]) for w, v in zip(wafers[:9], vectors, strict=False))
    annotate(database, [(w, ring_or_nothing(w, ring)) for w, ring in zip(wafers, said, strict=True)])
    return wafers, vectors, said


def test_labels_that_the_looks_speak_against_come_first_by_the_model_that_embedded_most(places, looked_at):
    database, lake = places
    wafers, vectors, said = looked_at
    found, open_ = suspect_classes(database, lake, [wafer.key for wafer in wafers])
    assert {one.key for one in found[:3]} == {wafers[n].key for n in WRONG}
    assert open_ == [c.name for c in CLASSES if c.key != "ring"]
    present = np.zeros((40, len(CLASSES)), dtype=bool)
    present[:, RING] = said
    expected = rank_by_class([w.key for w in wafers], [w.lot_id for w in wafers], vectors, present)
    assert [(one.key, one.lot, one.labelled) for one in found] == [(o.key, o.lot, o.labelled) for o in expected]
    assert [one.disagreement for one in found] == pytest.approx([one.disagreement for one in expected], abs=1e-6)


def test_wafers_without_a_label_or_a_vector_are_left_out_of_what_looks_say(places, looked_at):
    database, lake = places
    wafers, _, _ = looked_at
    keys = [wafer.key for wafer in wafers]
    unlabelled, unseen = drawn(50), drawn(51)
    lake.append_wafers([unlabelled, unseen])
    lake.append_embeddings([Embedded(unlabelled.key, 0, "new@1", unit(np.ones(DIMENSION)))])
    annotate(database, [(unseen, ring_or_nothing(unseen, True))])
    found, _ = suspect_classes(database, lake, [unlabelled.key, unseen.key, *keys])
    assert sorted(one.key for one in found) == sorted(keys)


def test_without_vectors_nothing_is_said_and_every_class_is_open(places):
    database, lake = places
    lake.append_wafers([drawn(0)])
    annotate(database, [(drawn(0), ring_or_nothing(drawn(0), True))])
    assert suspect_classes(database, lake, [drawn(0).key]) == ([], [c.name for c in CLASSES])


def test_dies_are_ranked_by_what_the_lake_keeps_of_the_segmentations(places):
    database, lake = places
    results = [found_on(drawn(n), "edge", "ring", seed=n) for n in range(4)]
    lake.append_wafers([*(result.wafer for result in results), drawn(9)])
    lake.append_results(results)
    labels = [rows_of(result.wafer, ("edge", 0, 2 + n)) for n, result in enumerate(results[:3])]
    annotate(database, [(r.wafer, label) for r, label in zip(results, labels, strict=False)])
    annotate(database, [(drawn(9), rows_of(drawn(9), ("edge", 0, 2)))])
    found = suspect_dies(database, lake, [drawn(9).key, *(result.wafer.key for result in results)])
    kept = lake.results_by_keys([result.wafer.key for result in results])
    expected = rank_by_dies(
        [
            LabelledWafer(r.wafer.key, label.masks(), kept[r.wafer.key].segmentation.probabilities, r.wafer.failing)
            for r, label in zip(results, labels, strict=False)
        ]
    )
    assert found == expected
    assert len(found) == 3
