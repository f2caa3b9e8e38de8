import json

import numpy as np
import pytest

from core.annotation.comments import comment
from core.annotation.items import Candidate, Status
from core.annotation.progress import items
from core.annotation.queue import fill, take_next
from core.annotation.reviews import ReviewKind, ReviewOutcome, flag_prediction, open_reviews, reviews_of
from core.annotation.submissions import submit
from core.labels.annotations import LabelSource, annotation_history, labels_of, write_annotation
from core.labels.blind import LabelMaking
from core.labels.label import Label, from_masks
from core.lake import Lake
from core.lake.embedding_rows import Embedded
from core.lake.rows import dies_hash
from data.classes import CLASS_COUNT
from data.served import DIMENSION
from tests.core.label_examples import rows_of, shown
from tests.core.lake_examples import drawn, found_on
from tests.pages.label_examples import ANA, BEN, KEYS, texts

KEY = KEYS[0]


def disputed(database, home):
    """Two labels of a wafer: the upper failing dies are edge for one, all of them for the other."""
    wafer = Lake(home / "lake").wafer(KEY)
    masks = np.zeros((2, CLASS_COUNT, *wafer.dies.shape), dtype=bool)
    masks[:, 0] = wafer.failing
    masks[0, 0, 6:] = False
    with database.writing() as session:
        for person, of in zip((ANA, BEN), masks, strict=True):
            submit(session, wafer, from_masks(wafer, of), person, 9.0)
    return wafer, masks


def first_review(database, kind=ReviewKind.DISAGREEMENT):
    with database.reading() as session:
        return open_reviews(session, [kind])[0]


def press(app, label):
    return next(b for b in app.button if b.label == label).click().run()


def test_nothing_to_decide_says_what_comes_here(work):
    app = work("review")
    assert not app.exception
    assert "Nothing is to be decided" in texts(app)


def test_both_labels_the_model_and_the_difference_are_shown_and_one_is_accepted(work, database, own_home):
    wafer, masks = disputed(database, own_home)
    number = str(first_review(database).id)
    app = work("review", "eve", review=number)
    assert not app.exception
    said = texts(app)
    assert all(words in said for words in ("ben (submitted)", "ana (submitted)", "Model", "Difference"))
    expected = masks[0].sum() / masks[1].sum()
    assert f"IoU **{expected:.2f}**" in said
    app = press(app, "Accept ana (submitted)")
    assert not app.exception
    with database.reading() as session:
        counting = labels_of(session, [wafer])[KEY]
        assert (counting.source, counting.annotator) == (LabelSource.REVIEWED, "eve")
        np.testing.assert_array_equal(counting.read().masks(), masks[0])
        assert {r.verdict for r in reviews_of(session, KEY) if r.kind is ReviewKind.DISAGREEMENT} == {
            ReviewOutcome.ACCEPTED
        }


def test_labelling_again_takes_both_labels_back_and_queues_the_wafer(work, database, own_home):
    wafer, _ = disputed(database, own_home)
    app = press(work("review", "eve", review=str(first_review(database).id)), "Label again")
    assert not app.exception
    with database.reading() as session:
        assert labels_of(session, [wafer]) == {}
        assert len(annotation_history(session, KEY)) == 2
        assert [(i.wafer_key, i.status) for i in items(session)] == [(KEY, Status.PENDING)]


def test_a_flag_shows_its_comment_as_text_and_can_be_dismissed(work, database):
    with database.writing() as session:
        flag_prediction(session, KEY, "model@1", "ring", "no <b>ring</b> here", ANA)
    app = work("review", "eve")
    assert app.text[0].value == "ring: no <b>ring</b> here"
    assert not press(app, "Nothing to change").exception
    with database.reading() as session:
        assert reviews_of(session, KEY)[0].verdict is ReviewOutcome.DISMISSED


def test_annotators_are_measured_and_labels_that_the_model_contradicts_are_ranked(work, database, own_home):
    lake = Lake(own_home / "lake")
    with database.writing() as session:
        for key in KEYS:
            wafer = lake.wafer(key)
            submit(session, wafer, Label(key, wafer.dies.shape, no_defect=True), ANA, 20.0)
    people = work("review", "eve", what="Annotators")
    assert not people.exception
    row = people.dataframe[0].value.iloc[0]
    assert (row["annotator"], row["labels"], row["seconds"]) == ("ana", 2, 20.0)
    columns = json.loads(people.dataframe[0].proto.columns)
    shares = [columns[name]["type_config"]["format"] for name in ("gold right %", "from %", "to %")]
    assert shares == ["%.0f %%"] * 3, "72 %, not 72.25 %"
    ranked = work("review", "eve", what="Likely label errors")
    assert not ranked.exception
    table = ranked.dataframe[0].value
    assert sorted(table["wafer"]) == sorted(KEYS)
    assert list(table["suspicion"]) == sorted(table["suspicion"], reverse=True)


def test_a_link_to_a_review_that_is_gone_shows_the_first(work, database, own_home):
    disputed(database, own_home)
    app = work("review", "eve", review="99")
    assert not app.exception
    assert "Difference" in texts(app)


def test_a_label_known_to_be_right_is_hidden_in_queues(work, database, own_home):
    wafer, _ = disputed(database, own_home)
    number = first_review(database).id
    app = work("review", "eve", review=str(number))
    app.checkbox(key=f"gold-{number}").check().run()
    assert not press(app, "Accept ana (submitted)").exception
    with database.reading() as session:
        assert labels_of(session, [wafer])[KEY].source is LabelSource.GOLD
    with database.writing() as session:
        fill(session, [Candidate(KEYS[1])], ANA)
    app = work("label_queue", "eve")
    app.multiselect(key="queue-people").set_value(["eve", "ida"]).run()
    assert not press(app, "Hide known ones").exception
    with database.reading() as session:
        assert [(i.wafer_key, i.assignee) for i in items(session) if i.gold] == [(KEY, "ida")]


def test_labels_are_ranked_by_a_model_that_never_saw_their_lot_and_classes_with_few_are_said(work, database, own_home):
    """Nothing but ring and scratch, on every fourth wafer, as vectors of the lake tell; one label leaves them out."""
    (own_home / "lake").unlink()
    lake = Lake(own_home / "lake")
    found = [found_on(drawn(n), *("ring", "scratch") if n % 4 == 1 else (), seed=n) for n in range(40)]
    lake.append_wafers(result.wafer for result in found)
    vectors = np.eye(DIMENSION, dtype=np.float32)
    lake.append_embeddings(
        [Embedded(r.wafer.key, dies_hash(r.wafer), "m@1", vectors[int(n % 4 == 1)]) for n, r in enumerate(found)]
    )
    wrong = found[21].wafer.key
    with database.writing() as session:
        for r in found:
            masks = r.segmentation.masks & (r.wafer.key != wrong)
            submit(session, r.wafer, from_masks(r.wafer, masks), ANA, 20.0)
    app = work("review", "eve", what="Likely label errors")
    assert not app.exception
    worst = app.dataframe[0].value.iloc[0]
    assert worst["wafer"] == wrong
    assert worst["why"].startswith("People say no ring, no scratch; a model that never saw lot ")
    assert "Too few labels to judge Edge" in texts(app)
    assert "the model in use" in texts(app)


@pytest.mark.parametrize(("wafers", "said"), [(9, ("9 of the 10 needed", "–", "–")), (10, ("10", "0.750", "0.833"))])
def test_agreement_of_people_is_a_mean_over_pairs_from_ten_on(work, database, wafers, said):
    """Every second pair agrees wholly, of the others one has half of the other's rows: means of ten 0.75 and 5 / 6."""
    with database.writing() as session:
        for n in range(wafers):
            of = shown(f"X{n}")
            for person, stop in zip((ANA, BEN), (4, 4 if n % 2 else 2), strict=True):
                submit(session, of, rows_of(of, ("edge", 0, stop)), person, 9.0)
    app = work("review", "eve", what="Agreement")
    assert not app.exception
    assert tuple(metric.value for metric in app.metric) == said
    by_class = next(table.value for table in app.dataframe if "Edge" in set(table.value["class"]))
    assert by_class["pairs"].tolist() == [wafers, wafers]


def test_without_a_second_person_agreement_says_what_is_missing(work):
    app = work("review", "eve", what="Agreement")
    assert not app.exception
    assert "No wafer was labelled by two people yet." in app.info[0].value


def test_names_are_hidden_where_the_setting_says_so(work, database, own_home, monkeypatch):
    disputed(database, own_home)
    monkeypatch.setenv("WAFERSCOPE_HIDE_ANNOTATORS", "on")
    app = work("review", "eve", review=str(first_review(database).id))
    assert not app.exception
    said = texts(app) + " ".join(b.label for b in app.button)
    assert all(words in said for words in ("Label A", "Label B", "Accept Label A", "Accept Model"))
    assert not [name for name in ("ana", "ben") if f"{name} (" in said or f"Accept {name}" in said]


def test_a_comment_is_said_and_a_label_is_sent_back_with_the_note(work, database, own_home):
    disputed(database, own_home)
    number = first_review(database).id
    app = work("review", "eve", review=str(number))
    app.text_input(key=f"review-note-{number}").set_value("only the rim").run()
    app = press(app, "Send back ana (submitted)")
    assert not app.exception
    with database.reading() as session:
        assert reviews_of(session, KEY)[0].verdict is ReviewOutcome.SENT_BACK
        [item] = items(session)
        assert (item.assignee, item.reason, item.status) == ("ana", "only the rim", Status.PENDING)
    with database.writing() as session:
        comment(session, number, "the arc is dust", BEN)
        take_next(session, ANA)
    bench = work("annotate", "ana", wafer=KEY)
    assert not bench.exception
    assert "**Sent back to you:** only the rim" in texts(bench)
    assert "the arc is dust" in " ".join(part.value for part in bench.text)


def test_how_much_each_person_accepts_unchanged_is_shown_with_its_count(work, database, own_home):
    wafer = Lake(own_home / "lake").wafer(KEY)
    with database.writing() as session:
        making = LabelMaking(False, {"ring": (4, 3)})
        write_annotation(session, wafer, Label(KEY, wafer.dies.shape, no_defect=True), ANA, 1.0, making=making)
    app = work("review", "eve", what="Agreement")
    assert not app.exception
    table = next(one.value for one in app.dataframe if "unchanged" in one.value)
    assert table[["annotator", "class", "proposals", "unchanged", "share"]].to_numpy().tolist() == [
        ["ana", "All classes", 4, 3, 75.0],
        ["ana", "Ring", 4, 3, 75.0],
    ]
