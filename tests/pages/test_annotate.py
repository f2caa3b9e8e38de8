import json
from collections import Counter
from dataclasses import replace

import pytest

from core.annotation.bench import proposal
from core.annotation.items import Candidate, Status, item_by_id
from core.annotation.queue import fill, take_next
from core.identity import Person
from core.labels.annotations import LabelSource, annotation_history, labelled_keys, labels_of, write_annotation
from core.labels.draft import read_draft
from core.labels.draft_store import draft_of, save_draft
from core.labels.label import Label, Verdict, encode
from core.lake import Lake
from tests.pages.label_examples import ANA, BEN, KEYS, sure_label, texts


def editor(app):
    """What the editor on the page was given."""
    given = [json.loads(part.proto.json) for part in app.get("bidi_component") if part.proto.json]
    return next(one for one in given if isinstance(one, dict) and "start" in one)


def draft(label, revision=4):
    said = {"version": 1, "revision": revision, "elapsed_s": 33.0, "label": json.loads(encode(label))}
    return read_draft(json.dumps(said))


def test_a_name_is_asked_for_before_anything_is_recorded_under_one(open_page, own_home):
    app = open_page("annotate", home=own_home)
    assert not app.exception
    assert "Who is working?" in texts(app)
    assert [b.label for b in app.button if b.label == "Go on"] == ["Go on"]


def test_an_empty_queue_says_how_to_fill_it(work):
    app = work("annotate")
    assert not app.exception
    assert "Nothing waits for you" in texts(app)


def test_the_next_wafer_opens_with_the_proposal_of_the_model(work, database, own_home):
    with database.writing() as session:
        fill(session, [Candidate(KEYS[0])], ANA)
    app = work("annotate")
    assert "0 of 1" in texts(app)
    app = next(b for b in app.button if b.label.startswith("Start")).click().run()
    assert not app.exception
    result = Lake(own_home / "lake").result(KEYS[0])
    given = editor(app)
    assert given["wafer"] == KEYS[0]
    assert {i["state"] for i in given["start"]["instances"]} == {"proposed"}
    assert len(given["start"]["instances"]) == len(result.instances)
    assert app.button(key="label-submit").disabled
    assert "neither accepted nor rejected" in texts(app)


def test_a_draft_comes_back_and_others_are_told(work, database, own_home):
    label = sure_label(own_home, KEYS[0])
    wafer = Lake(own_home / "lake").wafer(KEYS[0])
    with database.writing() as session:
        save_draft(session, wafer, draft(label), ANA)
    assert editor(work("annotate", "ana", wafer=KEYS[0]))["draft"] == draft(label).text
    other = work("annotate", "ben", wafer=KEYS[0])
    assert editor(other)["draft"] is None
    assert "ana has a draft of this wafer" in texts(other)


def test_submitting_keeps_the_label_and_opens_the_next_wafer(work, database, own_home):
    wafer = Lake(own_home / "lake").wafer(KEYS[0])
    label = sure_label(own_home, KEYS[0])
    with database.writing() as session:
        fill(session, [Candidate(key) for key in KEYS], ANA)
        item = take_next(session, ANA)
        save_draft(session, wafer, draft(label), ANA)
    app = work("annotate", "ana", wafer=KEYS[0])
    app.button(key="label-submit").click().run()
    assert not app.exception
    assert editor(app)["wafer"] == KEYS[1]
    with database.reading() as session:
        assert labels_of(session, [wafer])[wafer.key].label == encode(label)
        done = item_by_id(session, item.id)
        assert (done.status, done.seconds, done.assignee) == (Status.DONE, 33.0, "ana")
        assert draft_of(session, wafer, ANA) is None


def test_skipping_asks_why_and_goes_on(work, database):
    with database.writing() as session:
        fill(session, [Candidate(key) for key in KEYS], ANA)
        item = take_next(session, ANA)
    app = work("annotate", "ana", wafer=KEYS[0])
    app.button(key=f"skip-{item.id}").click().run()
    assert "a wafer is skipped for a reason" in app.error[0].value
    app.text_input(key=f"skip-reason-{item.id}").set_value("cut off")
    app.button(key=f"skip-{item.id}").click().run()
    assert editor(app)["wafer"] == KEYS[1]
    with database.reading() as session:
        assert item_by_id(session, item.id).skip_reason == "cut off"
        assert annotation_history(session, KEYS[0]) == []


def test_previous_leads_back_to_the_wafer_before(work, database):
    with database.writing() as session:
        fill(session, [Candidate(key) for key in KEYS], ANA)
        take_next(session, ANA)
        take_next(session, ANA)
    app = work("annotate", "ana", wafer=KEYS[1])
    app.button(key="label-previous").click().run()
    assert editor(app)["wafer"] == KEYS[0]
    app.button(key="label-next").click().run()
    assert editor(app)["wafer"] == KEYS[1]


def test_starting_goes_on_with_what_was_begun_and_next_leaves_a_waiting_wafer_opened_by_its_link(work, database):
    with database.writing() as session:
        fill(session, [Candidate(key) for key in KEYS], ANA)
    app = work("annotate", "ana", wafer=KEYS[0])
    app.button(key="label-next").click().run()
    assert editor(app)["wafer"] == KEYS[1]
    app = work("annotate")
    assert [one.label for one in app.get("page_link") if "Go on with" in one.label]
    app = next(b for b in app.button if b.label.startswith("Start")).click().run()
    assert editor(app)["wafer"] == KEYS[1]


def test_what_was_begun_without_the_queue_does_not_hide_that_it_is_empty(work, database, own_home):
    wafer = Lake(own_home / "lake").wafer(KEYS[0])
    with database.writing() as session:
        save_draft(session, wafer, draft(sure_label(own_home, KEYS[0])), ANA)
    app = work("annotate")
    assert "You have begun **1** wafer;" in texts(app)
    assert "Nothing else waits for you" in texts(app)


def test_an_unknown_wafer_is_said(work):
    app = work("annotate", "ana", wafer="LOT9:W99")
    assert not app.exception
    assert "there is no wafer 'LOT9\\:W99'" in app.error[0].value


def test_a_version_is_taken_back_and_restored(work, database, own_home):
    label = sure_label(own_home, KEYS[0])
    with database.writing() as session:
        write_annotation(session, Lake(own_home / "lake").wafer(KEYS[0]), label, ANA, 30.0)

    def press_and_look(name):
        app = work("annotate", wafer=KEYS[0])
        app = next(b for b in app.button if b.label == name).click().run()
        assert not app.exception
        with database.reading() as session:
            return annotation_history(session, KEYS[0])[0].withdrawn_by, labelled_keys(session)

    assert press_and_look("Take back") == ("ana", [])
    assert press_and_look("Restore") == (None, [KEYS[0]])


def test_who_labels_does_not_see_what_others_say_of_the_wafer(work, database, own_home):
    with database.writing() as session:
        for person, source in ((BEN, LabelSource.SUBMITTED), (Person("eva"), LabelSource.GOLD)):
            label = sure_label(own_home, KEYS[0])
            write_annotation(session, Lake(own_home / "lake").wafer(KEYS[0]), label, person, 30.0, source)
    app = work("annotate", "ana", wafer=KEYS[0])
    assert not app.exception
    said = texts(app) + " ".join(part.value for part in app.text)
    assert not [word for word in ("ben", "eva", "gold", "Take back") if word in said]


@pytest.mark.parametrize("gold", [True, False])
def test_a_blind_wafer_shows_no_proposal_and_no_way_to_it_and_gold_looks_like_any_other(
    work, database, monkeypatch, gold
):
    monkeypatch.setenv("WAFERSCOPE_BLIND_SHARE", "0" if gold else "1")
    with database.writing() as session:
        fill(session, [Candidate(KEYS[0], 0.5, "uncertain", score=0.25)], ANA, assignee="ana", gold=gold)
        take_next(session, ANA)
    app = work("annotate", "ana", wafer=KEYS[0])
    assert not app.exception
    assert editor(app)["start"]["instances"] == []
    said = texts(app)
    assert "Labelled without the model's proposals." in said
    assert "Priority 0.50 · score 0.25 · chosen since: uncertain" in said
    assert "gold" not in said
    assert "Wafer page" not in [one.label for one in app.get("page_link")]
    assert "Similar wafers" not in [one.label for one in app.toggle]


def test_proposals_that_were_accepted_as_they_are_are_counted_and_the_note_is_kept(work, database, own_home):
    wafer = Lake(own_home / "lake").wafer(KEYS[0])
    with database.reading():
        start = proposal(Lake(own_home / "lake"), wafer)
    accepted = Label(wafer.key, start.shape, tuple(replace(i, state=Verdict.ACCEPTED) for i in start.instances))
    with database.writing() as session:
        save_draft(session, wafer, draft(accepted), ANA)
    app = work("annotate", "ana", wafer=KEYS[0])
    app.text_input(key=f"label-note-{KEYS[0]}").set_value("rim is dusty").run()
    app.button(key="label-submit").click().run()
    assert not app.exception
    with database.reading() as session:
        kept = annotation_history(session, KEYS[0])[0]
    shown = Counter(i.class_key for i in start.instances)
    assert (kept.blind, kept.note, kept.proposals) == (False, "rim is dusty", {k: [n, n] for k, n in shown.items()})


def test_similar_wafers_are_drawn_when_they_are_asked_for(work):
    app = work("annotate", "ana", wafer=KEYS[0])
    app.toggle(key="label-similar").set_value(True).run()
    assert not app.exception
    assert "alike" in texts(app) or "index" in texts(app)
