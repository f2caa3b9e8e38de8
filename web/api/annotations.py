"""`/annotations`: labels in and out, their history, taking one back."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.annotation.agreement_pairs import AgreementPair
from core.annotation.submissions import Submission, submit
from core.datasets.reading import labels_of_keys
from core.labels.annotations import Annotation, annotation_history, labelled_keys, own_annotation, restore, withdraw
from core.labels.checks import validate
from core.labels.coco import coco_json
from core.people.accesses import exported
from core.people.roles import Permission
from data.errors import LabelError
from data.wafer import WaferMap
from web.api import stores
from web.api.acting import Acting, needs
from web.api.envelope import Answer
from web.api.errors import ChangedError, NotFoundError
from web.api.label_shapes import LabelAsked, StoredLabel, label_of, stored_label
from web.api.turns import in_turn
from web.api.wafers import wafer_by_key

MOST_EXPORTED = 10_000

ROUTER = APIRouter(prefix="/annotations", tags=["annotations"], dependencies=[needs(Permission.ANNOTATION_READ)])

Tag = Annotated[
    str | None, Header(alias="If-Match", description="ETag of the label that this one takes the place of, or *.")
]


class AgreementTold(BaseModel):
    """How far the label agrees with those of others."""

    available: bool
    message: str
    iou_score: float | None = Field(description="Least intersection over union with another person's label, 0 to 1.")
    dice_score: float | None


class Submitted(BaseModel):
    """What came of submitting a label."""

    annotation_id: int
    wafer_map_id: str
    num_defects_annotated: int
    quality_checks: dict[str, str] = Field(description="Each check with passed, or what was remarked.")
    inter_annotator_agreement: AgreementTold
    queue_item: int | None = Field(description="Item of the queue that it closed.")
    reviews: int = Field(description="Reviews that it opened.")
    label: StoredLabel


class History(BaseModel):
    """Every version of a wafer's label."""

    wafer_map_id: str
    annotations: list[StoredLabel] = Field(description="Newest first, those that were taken back among them.")


@ROUTER.post("", status_code=201, summary="Submit a label of a wafer")
@in_turn
def add_annotation(asked: LabelAsked, person: Acting, response: Response, if_match: Tag = None) -> Answer[Submitted]:
    """Keep a label as the newest version of who asks. Sent again as it is, it is kept once."""
    return Answer(data=_submit(asked, person, response, if_match))


@ROUTER.get(
    "/export/coco",
    summary="All labels that count, as COCO JSON",
    response_class=Response,
    responses={200: {"content": {"application/json": {"schema": {"type": "object"}}}}},
)
@in_turn
def export_coco(
    person: Acting, form: Annotated[str, Query(pattern="^(polygon|rle)$", description="polygon or rle")] = "polygon"
) -> Response:
    """Return the labels that count now as one COCO file."""
    with stores.database().reading() as session:
        keys = labelled_keys(session)[:MOST_EXPORTED]
    exported(stores.database(), person, "file coco.json", {"labels": len(keys)})
    labelled = labels_of_keys(stores.database(), stores.lake(person), keys)
    text = coco_json(labelled, "rle" if form == "rle" else "polygon")
    return Response(
        text, media_type="application/json", headers={"content-disposition": 'attachment; filename="coco.json"'}
    )


@ROUTER.get("/{key}", summary="Every version of a wafer's label")
@in_turn
def annotations_of(key: str, person: Acting, response: Response) -> Answer[History]:
    """Return the history of a wafer's label; the ETag is that of your own standing version."""
    wafer = wafer_by_key(key, person)
    with stores.database().reading() as session:
        found = [stored_label(one) for one in annotation_history(session, key)]
        own = own_annotation(session, wafer, person)
    if own is not None:
        response.headers["etag"] = etag(own.id)
    return Answer(data=History(wafer_map_id=key, annotations=found))


@ROUTER.put("/{number}", summary="Put another label in the place of one's own")
@in_turn
def change_annotation(
    number: int, asked: LabelAsked, person: Acting, response: Response, if_match: Tag = None
) -> Answer[Submitted]:
    """Submit a label that takes the place of a version of one's own; that stays in the history."""
    with stores.database().reading() as session:
        before = _version(session, number)
        if before.annotator != person.name or before.wafer_key != asked.wafer_map_id:
            problem = f"version {number} is a label of {before.wafer_key} by somebody else or of another wafer"
            raise NotFoundError("number", problem, "Change a version of your own, of the same wafer.")
    return Answer(data=_submit(asked, person, response, if_match or etag(number)))


@ROUTER.delete("/{number}", summary="Take a label back; it can be restored")
@in_turn
def delete_annotation(
    number: int, person: Acting, reason: Annotated[str, Query(max_length=500)] = ""
) -> Answer[StoredLabel]:
    """Take a version back. It stays in the history."""
    with stores.database().writing() as session:
        _version(session, number)
        return Answer(data=stored_label(withdraw(session, number, person, reason)))


@ROUTER.post("/{number}/restore", summary="Let a label that was taken back stand again")
@in_turn
def restore_annotation(number: int, person: Acting) -> Answer[StoredLabel]:
    """Let a version that was taken back stand again."""
    with stores.database().writing() as session:
        _version(session, number)
        return Answer(data=stored_label(restore(session, number, person)))


def etag(number: int) -> str:
    """Return the ETag of a version of a label.

    Example:
        >>> etag(7)
        '"label-7"'
    """
    return f'"label-{number}"'


def _version(session: Session, number: int) -> Annotation:
    found = session.get(Annotation, number)
    if found is None:
        raise NotFoundError("number", f"there is no version {number} of a label", "See /annotations of the wafer.")
    return found


def _submit(asked: LabelAsked, person: Acting, response: Response, if_match: str | None) -> Submitted:
    wafer = wafer_by_key(asked.wafer_map_id, person)
    label = label_of(asked, wafer)
    problems = validate(label, wafer)
    if blocking := [one.text for one in problems if one.blocks]:
        raise LabelError(wafer.key, " ".join(blocking).rstrip("."), "Then submit it again; nothing was kept.")
    with stores.database().writing() as session:
        _check_unchanged(session, wafer, person, if_match)
        done = submit(session, wafer, label, person, asked.annotation_time_seconds)
        told = _told(session, done, [one.text for one in problems])
    response.headers["etag"] = etag(told.annotation_id)
    return told


def _check_unchanged(session: Session, wafer: WaferMap, person: Acting, if_match: str | None) -> None:
    if if_match in (None, "*"):
        return
    own = own_annotation(session, wafer, person)
    if own is None or etag(own.id) != if_match:
        stands = etag(own.id) if own else "none"
        problem = f"your standing label of {wafer.key} is {stands}, not {if_match}"
        raise ChangedError("If-Match", problem, "Read it again, and submit what it should be now.")


def _told(session: Session, done: Submission, remarks: list[str]) -> Submitted:
    label = stored_label(done.annotation)
    pairs = list(session.scalars(select(AgreementPair).where(AgreementPair.first_id == done.annotation.id)))
    least = min(pairs, key=lambda pair: pair.iou, default=None)
    return Submitted(
        annotation_id=label.annotation_id,
        wafer_map_id=label.wafer_map_id,
        num_defects_annotated=len(label.annotations),
        quality_checks={"blocking": "passed", "remarks": " ".join(remarks) or "passed"},
        inter_annotator_agreement=AgreementTold(
            available=least is not None,
            message=f"compared with {len(pairs)} other labels" if pairs else "nobody else has labelled this wafer yet",
            iou_score=least.iou if least else None,
            dice_score=least.dice if least else None,
        ),
        queue_item=done.item.id if done.item else None,
        reviews=len(done.reviews),
        label=label,
    )
