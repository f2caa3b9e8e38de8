import pytest

from core.datasets.frozen_sets import freeze, frozen_set
from core.datasets.label_set import Split
from core.identity import Person
from core.monitoring.learnt import labels_learnt, wafers_taught
from core.registry.card import card_of
from core.registry.store import Registry
from core.segmentation.serving import ServedModel, Serving, keep_served
from core.settings import Settings
from tests.core.monitoring.examples import all_failing, label, rows
from tests.core.registry.models import hurried, write_model  # noqa: F401  # the first listens from its import on


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with a version that learnt from dataset v1, which is served, and one whose card names no labels."""
    folder = tmp_path_factory.mktemp("learnt")
    registry = Registry(Settings(home=folder))
    for name, config in (("one", {"labels": "v1", "steps": "9"}), ("two", {})):
        model = write_model(folder, name)
        registry.register(model, card_of(model, [], config=config), Person("ana"))
    return folder


def serve(home, number):
    at = Settings(home=home)
    keep_served(at, Serving(champion=ServedModel(number, "any", "any.onnx")))
    return at


@pytest.mark.slow
def test_the_card_of_the_champion_names_the_labels_that_it_learnt_from(home):
    at = serve(home, 1)
    assert labels_learnt(at) == "v1"
    assert labels_learnt(Settings(home=home, model="file.onnx")) == ""


@pytest.mark.slow
def test_a_card_without_labels_and_the_shipped_model_name_none(home, tmp_path):
    assert labels_learnt(serve(home, 2)) == ""
    assert labels_learnt(Settings(home=tmp_path)) == ""


def test_the_training_part_of_a_dataset_taught_and_now_means_every_label(database):
    wafers = [all_failing(n) for n in range(30)]
    label(database, *((wafer, rows(edge=(0, 2))) for wafer in wafers[:20]))
    with database.writing() as session:
        freeze(session, "v1", wafers[:20], Person("ana"))
    label(database, *((wafer, rows(edge=(0, 2))) for wafer in wafers[20:]))
    with database.reading() as session:
        sides = {member.wafer_key: member.split for member in frozen_set(session, "v1").members}
    taught = wafers_taught(database, "v1")
    assert 10 < len(taught) < 20
    assert {key for key, side in sides.items() if side is Split.TRAIN} == set(taught)
    assert wafers_taught(database, "now") == [wafer.key for wafer in wafers]
    assert wafers_taught(database, "") == wafers_taught(database, "gone") == []
