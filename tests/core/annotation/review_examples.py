"""Labels of annotators that agree or not, from the queue."""

from core.annotation.items import Candidate
from core.annotation.queue import fill, take_next
from core.annotation.reviews import Review, open_reviews
from core.annotation.submissions import submit
from core.database import AppDatabase
from core.identity import Person
from data.wafer import WaferMap
from tests.core.label_examples import rows_of, wafer_not_sampled

BEN, EVE = Person("ben"), Person("eve")


def dispute(database: AppDatabase, ana: Person) -> tuple[WaferMap, Review]:
    """A wafer that two people labelled otherwise, each from the queue, and its review."""
    one = wafer_not_sampled(ana, BEN)
    with database.writing() as session:
        fill(session, [Candidate(one.key)], EVE, copies=2)
        for person, stop in ((ana, 6), (BEN, 2)):
            take_next(session, person)
            submit(session, one, rows_of(one, ("edge", 0, stop)), person, 9.0)
        (review,) = open_reviews(session)
    return one, review
