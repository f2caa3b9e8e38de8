from core.annotation.items import Candidate, Status
from core.annotation.progress import items
from core.annotation.queue import fill, take_next
from core.identity import Person
from tests.pages.label_examples import ANA, KEYS, texts


def queued(database):
    with database.reading() as session:
        return items(session)


def press(app, label, number=0):
    return [b for b in app.button if b.label == label][number].click().run()


def test_an_empty_queue_says_how_to_fill_it_and_a_filter_fills_it(work, database):
    app = work("label_queue")
    assert not app.exception
    assert "Nothing is queued yet" in texts(app)
    app.number_input[0].set_value(5)
    next(i for i in app.number_input if i.label == "Spares").set_value(2)
    app = press(app, "Add to the queue")
    assert not app.exception
    assert app.success[0].value == "5 added. 2 spare."
    found = queued(database)
    assert [i.status for i in found] == [Status.PENDING] * 5 + [Status.SPARE] * 2
    assert {(i.added_by, i.reason) for i in found} == {("ana", "most severe first")}


def test_names_are_added_and_unknown_ones_are_said(work, database):
    app = work("label_queue")
    app.text_area[0].set_value(f"key,product\n{KEYS[0]},TC38\n{KEYS[1]}\nLOT9:W9")
    app = press(app, "Add to the queue", 1)
    assert "no LOT9\\:W9" in app.warning[0].value
    assert [i.wafer_key for i in queued(database)] == list(KEYS)


def test_what_waits_is_dealt_out_evenly_and_idle_work_is_in_the_table(work, database):
    with database.writing() as session:
        fill(session, [Candidate(f"LOT001:W{n:02d}") for n in range(1, 8)], ANA)
        take_next(session, Person("ben"))
    app = work("label_queue")
    assert not app.exception
    assert "0 of 7" in str([p.proto.text for p in app.get("progress")])
    assert list(app.dataframe[0].value["status"]) == ["in progress"] + ["not started"] * 6
    app.multiselect(key="queue-people").set_value(["ana", "ben"]).run()
    app = press(app, "Assign evenly")
    assert not app.exception
    names = [i.assignee for i in queued(database)]
    assert sorted((names.count("ana"), names.count("ben"))) == [3, 4]
