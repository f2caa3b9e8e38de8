"""What is said about a review while it is open: reviewers and those whose label it is."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.annotation.reviews import LONGEST_COMMENT, Review, ReviewKind
from core.database import audit
from core.database.schema import NAME_LENGTH, Base, now, row_by_id
from core.identity import Person
from core.labels.annotations import Annotation
from core.people.roles import Permission, permit
from data.errors import AppDatabaseError


class ReviewComment(Base):
    """One thing that somebody said about a review.

    Args:
        review_id: of the review.
        person: who said it.
        at: when.
        text: what, up to 4,000 characters.
    """

    __tablename__ = "review_comments"

    id: Mapped[int] = mapped_column(init=False, primary_key=True)
    review_id: Mapped[int] = mapped_column(ForeignKey("reviews.id"), index=True)
    person: Mapped[str] = mapped_column(String(NAME_LENGTH))
    at: Mapped[datetime]
    text: Mapped[str] = mapped_column(Text)


def comment(session: Session, number: int, text: str, person: Person) -> ReviewComment:
    """Say something about a review, open or decided.

    Args:
        session: of a writing transaction.
        number: of the review.
        text: 1 to 4,000 characters.
        person: who says it.

    Raises:
        NotAllowedError: the acting person may not.
        AppDatabaseError: there is no such review, or the text is empty or too long.
    """
    permit(person, Permission.ANNOTATION_WRITE)
    review = row_by_id(session, Review, number, "review", "Look at the list of reviews.")
    said = text.strip()
    if not 0 < len(said) <= LONGEST_COMMENT:
        raise AppDatabaseError(
            review.wafer_key,
            f"a comment has 1 to {LONGEST_COMMENT:,} characters, found {len(said):,}",
            "Say something.",
        )
    found = ReviewComment(review_id=number, person=person.name, at=now(), text=said)
    session.add(found)
    audit.record(session, person, "review.comment", f"wafer {review.wafer_key}", {"review": number, "comment": said})
    return found


def comments_of(session: Session, number: int) -> list[ReviewComment]:
    """List what was said about a review, oldest first."""
    wanted = select(ReviewComment).where(ReviewComment.review_id == number)
    return list(session.scalars(wanted.order_by(ReviewComment.id)))


def reviews_told(session: Session, wafer_key: str, person: Person) -> Sequence[Review]:
    """List the reviews of a person's labels of a wafer about which something was said, newest first.

    Those whose label is in question see them; a review against a hidden known label is not among them, since it would
    tell that the label is known.
    """
    own = select(Annotation.id).where(Annotation.wafer_key == wafer_key, Annotation.annotator == person.name)
    told = select(ReviewComment.review_id)
    wanted = select(Review).where(
        Review.wafer_key == wafer_key,
        or_(Review.first_id.in_(own), Review.second_id.in_(own)),
        Review.id.in_(told),
        Review.kind != ReviewKind.GOLD,
    )
    return list(session.scalars(wanted.order_by(Review.id.desc())))
