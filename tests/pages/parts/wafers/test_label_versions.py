from core.annotation.items import Candidate
from core.annotation.queue import fill
from core.identity import Person
from core.labels.annotations import LabelSource, write_annotation
from core.labels.blind import LabelMaking
from core.labels.label import Label
from core.lake import Lake
from tests.pages.label_examples import ANA, BEN, KEYS, sure_label, texts


def test_who_labelled_a_wafer_and_how_is_shown_and_gold_is_not_called_gold(open_page, database, own_home, monkeypatch):
    wafer = Lake(own_home / "lake").wafer(KEYS[0])
    nothing = Label(wafer.key, wafer.dies.shape, no_defect=True)
    with database.writing() as session:
        write_annotation(session, wafer, nothing, ANA, 31.0, making=LabelMaking(True, note="clean"))
        write_annotation(session, wafer, sure_label(own_home, KEYS[0]), BEN, 30.0, LabelSource.GOLD)
    monkeypatch.setattr("pages.parts.wafers.label_versions.person_or_account", lambda: Person("eve"))
    app = open_page("wafer", home=own_home, wafer=KEYS[0])
    assert not app.exception
    said = " ".join(part.value for part in app.text)
    assert "ana: no defect; submitted; 31 s of work; labelled blind, without proposals\nNote: clean" in said
    assert "decided in a review" in said
    assert "gold" not in said
    with database.writing() as session:
        fill(session, [Candidate(KEYS[0])], ANA, assignee="eve")
    waiting = open_page("wafer", home=own_home, wafer=KEYS[0])
    assert "This wafer waits for your label." in texts(waiting)
    assert "clean" not in " ".join(part.value for part in waiting.text)
