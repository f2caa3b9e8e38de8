import pytest

from core.identity import Person
from core.labels.draft_store import draft_of, drafts_of, drop_draft, other_drafts, save_draft
from data.errors import DraftSupersededError, LabelError
from tests.core.label_examples import draft, shown
from tests.core.wafers import wafer

BEN = Person("ben")


def test_the_newest_draft_comes_back_as_it_was_with_its_history(database, ana):
    one = shown()
    for revision in (1, 2, 7):
        with database.writing() as session:
            save_draft(session, one, draft(one, revision), ana)
    with database.reading() as session:
        held = draft_of(session, one, ana)
        assert (held.revision, held.elapsed_s, held.text) == (7, 5.0, draft(one, 7).text)
        assert len(drafts_of(session, ana)) == 1


@pytest.mark.parametrize("older", [3, 7])
def test_an_older_draft_never_overwrites_a_newer_one(database, ana, older):
    one = shown()
    with database.writing() as session:
        save_draft(session, one, draft(one, 7, stop=4), ana)
    with pytest.raises(LabelError, match="in another tab or browser"), database.writing() as session:
        save_draft(session, one, draft(one, older, stop=1), ana)
    with database.reading() as session:
        assert draft_of(session, one, ana).text == draft(one, 7, stop=4).text


def test_the_same_draft_may_be_sent_again(database, ana):
    one = shown()
    for _ in range(2):
        with database.writing() as session:
            save_draft(session, one, draft(one, 3), ana)
    with database.reading() as session:
        assert draft_of(session, one, ana).text == draft(one, 3).text


def test_the_same_draft_sent_later_lets_its_time_go_on_and_is_not_refused(database, ana):
    one = shown()
    for seconds in (5.0, 9.0, 7.0):
        with database.writing() as session:
            save_draft(session, one, draft(one, 3, elapsed_s=seconds, tab="a"), ana)
    with database.reading() as session:
        held = draft_of(session, one, ana)
        assert (held.elapsed_s, held.text) == (9.0, draft(one, 3, elapsed_s=9.0, tab="a").text)


@pytest.mark.parametrize("changes", [1, 30])
def test_a_second_tab_is_told_at_its_first_change_and_overwrites_nothing(database, ana, changes):
    """Both opened change 5; that the second has made more changes does not make it newer."""
    one = shown()
    for known in (draft(one, 5, tab="old"), draft(one, 9, stop=4, tab="a", seen={"old": 5})):
        with database.writing() as session:
            save_draft(session, one, known, ana)
    for revision in range(6, 6 + changes):
        late = draft(one, revision, stop=1, tab="b", seen={"old": 5})
        with pytest.raises(DraftSupersededError, match="nothing that"), database.writing() as session:
            save_draft(session, one, late, ana)
    after = draft(one, 10, stop=5, tab="b", seen={"old": 5, "a": 9})  # it was opened anew
    with database.writing() as session:
        assert draft_of(session, one, ana).text == known.text
        assert save_draft(session, one, after, ana).text == after.text


def test_a_late_message_of_the_same_tab_changes_nothing(database, ana):
    one = shown()
    with database.writing() as session:
        save_draft(session, one, draft(one, 8, stop=4, tab="a"), ana)
        assert save_draft(session, one, draft(one, 7, stop=3, tab="a"), ana).text == draft(one, 8, stop=4, tab="a").text


def test_two_people_keep_a_draft_each_and_hear_of_one_another(database, ana):
    one = shown()
    with database.writing() as session:
        save_draft(session, one, draft(one, 3, stop=2), ana)
        save_draft(session, one, draft(one, 1, stop=4), BEN)
    with database.reading() as session:
        assert draft_of(session, one, ana).text == draft(one, 3, stop=2).text
        assert draft_of(session, one, BEN).text == draft(one, 1, stop=4).text
        (other,) = other_drafts(session, one.key, BEN)
        assert (other.person, other.saved_at) == ("ana", draft_of(session, one, ana).saved_at)


def test_a_draft_of_another_grid_does_not_come_back_and_stays(database, ana):
    one = shown()
    retested = wafer(~one.failing)
    with database.writing() as session:
        save_draft(session, one, draft(one, 3), ana)
        save_draft(session, retested, draft(retested, 1), ana)
    with database.reading() as session:
        assert draft_of(session, retested, ana).revision == 1
        assert draft_of(session, one, ana).revision == 3


def test_dropping_a_draft_leaves_those_of_others(database, ana):
    one = shown()
    with database.writing() as session:
        save_draft(session, one, draft(one, 3), ana)
        save_draft(session, one, draft(one, 1), BEN)
        drop_draft(session, one, ana)
        assert draft_of(session, one, ana) is None
        assert draft_of(session, one, BEN) is not None


def test_a_draft_of_another_wafer_is_refused(database, ana):
    with pytest.raises(LabelError, match="the draft is of LOT1:W02"), database.writing() as session:
        save_draft(session, shown("W01"), draft(shown("W02"), 1), ana)
