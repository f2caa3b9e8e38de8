import pytest
from sqlalchemy import func, select

from core.annotation.assignment import slip_in_gold
from core.annotation.items import Candidate, Status, item_by_id
from core.annotation.queue import fill, take_next
from core.annotation.reviews import Review, ReviewKind, is_sampled
from core.annotation.submissions import submit
from core.database.audit import AuditEntry, entries
from core.labels.annotations import Annotation, LabelSource, annotation_history, write_annotation
from core.labels.draft_store import draft_of, save_draft
from data.errors import LabelError
from tests.core.annotation.review_examples import BEN, EVE
from tests.core.label_examples import draft, rows_of, shown, wafer_not_sampled


def test_submitting_keeps_the_label_closes_the_item_drops_the_draft_and_is_in_the_audit(database, ana):
    one = shown()
    with database.writing() as session:
        fill(session, [Candidate(one.key)], ana)
        item = take_next(session, ana)
        save_draft(session, one, draft(one, 3), ana)
        save_draft(session, one, draft(one, 1), BEN)
    with database.writing() as session:
        done = submit(session, one, rows_of(one, ("edge", 0, 2)), ana, 61.5)
    with database.reading() as session:
        closed = item_by_id(session, item.id)
        assert (closed.status, closed.seconds, closed.annotation_id) == (Status.DONE, 61.5, done.annotation.id)
        assert draft_of(session, one, ana) is None
        assert draft_of(session, one, BEN) is not None
        assert {"annotation.write", "queue.done"} <= {e.action for e in entries(session, f"wafer {one.key}")}


def test_a_label_that_is_not_fit_is_refused_and_nothing_changes(database, ana):
    one = shown()
    with database.writing() as session:
        fill(session, [Candidate(one.key)], ana)
        item = take_next(session, ana)
        save_draft(session, one, draft(one, 3), ana)
    with pytest.raises(LabelError, match="The label is empty"), database.writing() as session:
        submit(session, one, rows_of(one), ana, 1.0)
    with database.reading() as session:
        assert annotation_history(session, one.key) == []
        assert item_by_id(session, item.id).status is Status.IN_PROGRESS
        assert draft_of(session, one, ana) is not None


def test_a_failure_after_the_annotation_undoes_all_of_it(database, ana, monkeypatch):
    one = shown()
    with database.writing() as session:
        fill(session, [Candidate(one.key)], ana)
        before = session.scalar(select(func.count()).select_from(AuditEntry))

    def broken(*_):
        raise RuntimeError

    monkeypatch.setattr("core.annotation.submissions.drop_draft", broken)
    with pytest.raises(RuntimeError), database.writing() as session:
        submit(session, one, rows_of(one, ("edge", 0, 2)), ana, 1.0)
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Annotation)) == 0
        assert session.scalar(select(func.count()).select_from(AuditEntry)) == before


def test_submitting_again_writes_nothing_twice(database, ana):
    one = wafer_not_sampled(ana)
    with database.writing() as session:
        fill(session, [Candidate(one.key)], ana, copies=2)
    for _ in range(3):
        with database.writing() as session:
            take_next(session, ana)
            submit(session, one, rows_of(one, ("edge", 0, 2)), ana, 9.0)
    with database.reading() as session:
        assert len(annotation_history(session, one.key)) == 1
        assert sorted(item_by_id(session, n).status for n in (1, 2)) == [Status.DONE, Status.PENDING]


def test_a_wafer_outside_the_queue_can_be_labelled_too(database, ana):
    one = shown()
    with database.writing() as session:
        assert submit(session, one, rows_of(one, ("edge", 0, 2)), ana, 9.0).item is None


@pytest.mark.parametrize(("stop", "reviewed"), [(6, False), (5, True)])  # 6 of 6 rows, and 5 of 6: IoU 1 and 0.83
def test_two_labels_that_differ_go_to_review(database, ana, stop, reviewed):
    one = wafer_not_sampled(ana, BEN)
    with database.writing() as session:
        submit(session, one, rows_of(one, ("edge", 0, 6)), ana, 9.0)
        done = submit(session, one, rows_of(one, ("edge", 0, stop)), BEN, 9.0)
        assert [r.kind for r in done.reviews] == [ReviewKind.DISAGREEMENT] * reviewed
        if reviewed:
            assert done.reviews[0].overall_iou == pytest.approx(5 / 6, rel=1e-12)


def test_a_hidden_gold_wafer_measures_its_annotator_and_a_miss_goes_to_review(database, ana):
    one = wafer_not_sampled(ana, BEN)
    with database.writing() as session:
        write_annotation(session, one, rows_of(one, ("edge", 0, 6)), EVE, 60.0, LabelSource.GOLD)
        fill(session, [Candidate("A:1"), Candidate("A:2")], ana)
        assert slip_in_gold(session, [one.key], ["ana", "ben", "eve"], EVE) == 2
        good = submit(session, one, rows_of(one, ("edge", 0, 6)), ana, 9.0)
        bad = submit(session, one, rows_of(one, ("edge", 0, 3)), BEN, 9.0)
        assert (good.item.gold_iou, bad.item.gold_iou) == (1.0, 0.5)
        assert [r.kind for r in good.reviews] == []
        assert [r.kind for r in bad.reviews] == [ReviewKind.GOLD]


@pytest.mark.slow
def test_one_label_in_ten_goes_to_experts_and_always_the_same(database, ana):
    names = [f"W{n:03d}" for n in range(60)]
    chosen = [name for name in names if is_sampled(f"LOT1:{name}", "ana")]
    assert 1 <= len(chosen) <= 15
    with database.writing() as session:
        for name in names:
            one = shown(name)
            submit(session, one, rows_of(one, ("edge", 0, 2)), ana, 1.0)
    with database.reading() as session:
        found = session.scalars(select(Review.wafer_key).where(Review.kind == ReviewKind.SAMPLE)).all()
    assert sorted(found) == [f"LOT1:{name}" for name in chosen]


def test_the_sample_is_a_tenth_in_the_long_run():
    share = sum(is_sampled(f"L:{n}", "ana") for n in range(5000)) / 5000
    assert share == pytest.approx(0.1, abs=0.02)  # five standard errors of 0.004
