import numpy as np
import pytest

from core.annotation.accepting import ALL, accepted_shares
from core.identity import Person
from core.labels.annotations import write_annotation
from core.labels.blind import LabelMaking
from core.labels.label import Label
from core.statistics.significance import wilson
from tests.core.lake_examples import drawn

BEN = Person("ben")


def test_shares_are_of_what_each_person_was_shown_with_their_intervals(database, ana):
    with database.writing() as session:
        for number, (person, counts) in enumerate(
            [(ana, {"ring": (3, 3)}), (ana, {"ring": (1, 0), "edge": (2, 1)}), (BEN, {"edge": (4, 0)}), (BEN, {})]
        ):
            wafer = drawn(number)
            nothing = Label(wafer.key, wafer.dies.shape, no_defect=True)
            write_annotation(session, wafer, nothing, person, 1.0, making=LabelMaking(False, counts))
    with database.reading() as session:
        found = accepted_shares(session)
    shown = found[["annotator", "class", "proposals", "unchanged", "share"]].to_numpy().tolist()
    assert shown == [
        ["ana", ALL, 6, 4, 4 / 6],
        ["ana", "edge", 2, 1, 0.5],
        ["ana", "ring", 4, 3, 0.75],
        ["ben", ALL, 4, 0, 0.0],
        ["ben", "edge", 4, 0, 0.0],
    ]
    np.testing.assert_allclose(found[["low", "high"]].iloc[0], wilson(4, 6))


@pytest.mark.parametrize("blind", [True, None])
def test_labels_that_began_with_no_proposals_say_nothing(database, ana, blind):
    wafer = drawn(0)
    with database.writing() as session:
        nothing = Label(wafer.key, wafer.dies.shape, no_defect=True)
        write_annotation(session, wafer, nothing, ana, 1.0, making=LabelMaking(blind))
    with database.reading() as session:
        assert accepted_shares(session).empty
