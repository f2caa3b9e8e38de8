import pytest

from core.annotation.reviews import Kind, flag_prediction, open_reviews
from core.annotation.submissions import submit
from data.errors import AppDatabaseError
from tests.core.annotation.review_examples import BEN
from tests.core.label_examples import rows_of, shown


def test_the_lowest_agreement_is_looked_at_first(database, ana):
    with database.writing() as session:
        flag_prediction(session, "A:1", "m", "", "wrong", ana)
        for name, stop in (("X1", 4), ("X2", 1), ("X3", 3)):
            one = shown(name)
            submit(session, one, rows_of(one, ("edge", 0, 6)), ana, 9.0)
            submit(session, one, rows_of(one, ("edge", 0, stop)), BEN, 9.0)
        found = [r for r in open_reviews(session) if r.kind is not Kind.SAMPLE]
        assert [r.wafer_key for r in found] == ["LOT1:X2", "LOT1:X3", "LOT1:X1", "A:1"]


@pytest.mark.parametrize(("key", "comment", "words"), [("dust", "x", "'dust' does not exist"), ("", " ", "found 0")])
def test_a_flag_needs_a_class_that_exists_and_a_comment(database, ana, key, comment, words):
    with pytest.raises(AppDatabaseError, match=words), database.writing() as session:
        flag_prediction(session, "A:1", "m", key, comment, ana)
