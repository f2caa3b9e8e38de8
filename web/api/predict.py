"""`/predict`: what the model finds on stored wafers, or on files that are not stored."""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Form, Query, UploadFile
from pydantic import BaseModel, Field

from core.analysis.result import WaferResult, analyse, analyse_stream
from core.identity import Person
from core.ingestion.orientation_rules import with_rules
from core.ingestion.sources import Sources
from core.lake.scoring import normal_fail_shares
from core.people.roles import Permission
from core.settings import settings
from data.formats import ReadOptions
from data.wafer import WaferMap
from web.api import stores
from web.api.acting import Acting, needs
from web.api.envelope import Answer
from web.api.errors import NotFoundError, RequestError
from web.api.predictions import MaskForm, prediction
from web.api.shapes import Prediction, Predictions
from web.api.turns import in_turn
from web.api.uploads import on_disk
from web.api.wafers import wafer_by_key

MOST_WAFERS = 100

ROUTER = APIRouter(prefix="/predict", tags=["predict"], dependencies=[needs(Permission.INFERENCE_READ)])


class Asked(BaseModel):
    """Which wafers, and what of their results."""

    wafer_map_ids: list[str] = Field(
        min_length=1, max_length=MOST_WAFERS, description="LOT:WAFER of wafers in the lake.", examples=[["LOT7:W05"]]
    )
    model_version: str | None = Field(
        default=None, description="Refuse to answer by another model than this; null for the model that is served."
    )
    return_masks: bool = False
    mask_format: MaskForm = MaskForm.RLE
    return_polygons: bool = True
    return_metrics: bool = True
    confidence_threshold: float = Field(default=0.0, ge=0, le=1, description="Leave less certain clusters out.")
    test_time_augmentation: bool = Field(
        default=False, description="Average over eight turns and flips: steadier, up to eight times the work."
    )


@ROUTER.post("", summary="What is on wafers of the lake")
@in_turn
def predict(asked: Asked, person: Acting) -> Answer[Predictions]:
    """Return what the served model finds: the answer that is stored, or a new one, which is not stored."""
    began = time.perf_counter()
    _check_model(asked.model_version)
    lake = stores.lake(person)
    keys = list(dict.fromkeys(asked.wafer_map_ids))
    held = lake.wafers_by_keys(keys)
    missing = [key for key in keys if key not in held]
    if missing:
        raise NotFoundError(
            "wafer_map_ids", f"there is no wafer {missing[0][:200]!r}", "Check the lot and wafer names; see /wafers."
        )
    results = {} if asked.test_time_augmentation else _stored(keys, person)
    new, each = _analysed([held[key] for key in keys if key not in results], person, asked.test_time_augmentation)
    answers = [
        _told(results.get(key) or new[key], asked, key in results, None if key in results else each) for key in keys
    ]
    return Answer(data=Predictions(predictions=answers, batch_size=len(answers), total_inference_time_ms=_ms(began)))


@ROUTER.post("/upload", summary="What is on the wafers of files, without keeping them")
@in_turn
def predict_files(
    files: list[UploadFile],
    person: Acting,
    confidence_threshold: Annotated[float, Form(ge=0, le=1)] = 0.0,
    return_masks: Annotated[bool, Form()] = False,
    mask_format: Annotated[MaskForm, Form()] = MaskForm.RLE,
    test_time_augmentation: Annotated[bool, Form()] = False,
) -> Answer[Predictions]:
    """Read files of any format, and return what the served model finds; nothing is kept."""
    began = time.perf_counter()
    asked = Asked(
        wafer_map_ids=["-"],
        confidence_threshold=confidence_threshold,
        return_masks=return_masks,
        mask_format=mask_format,
    )
    with tempfile.TemporaryDirectory(prefix="waferscope-api-") as folder:
        sources = Sources(on_disk(files, Path(folder)), with_rules(ReadOptions(), settings()))
        normal = normal_fail_shares(stores.lake(person))
        answers = list[Prediction]()
        for result in analyse_stream(sources, stores.segmenter(), tta=test_time_augmentation, normal=normal):
            if len(answers) == MOST_WAFERS:
                raise RequestError(
                    "files", f"they hold more than {MOST_WAFERS} wafers", "Send them to /wafers, or as a batch."
                )
            answers.append(_told(result, asked, False, None))
    failures = [failure.reason for failure in sources.failures]
    total = _ms(began)
    for one in answers:
        one.inference_time_ms = total / len(answers)
    found = Predictions(predictions=answers, batch_size=len(answers), total_inference_time_ms=total, failures=failures)
    return Answer(data=found)


@ROUTER.get("/{key}", summary="What is on a wafer of the lake")
@in_turn
def predict_one(
    key: str,
    person: Acting,
    confidence_threshold: Annotated[float, Query(ge=0, le=1)] = 0.0,
    return_masks: bool = False,
    mask_format: MaskForm = MaskForm.RLE,
) -> Answer[Prediction]:
    """Return the answer that is stored, or a new one, which is not stored."""
    wafer = wafer_by_key(key, person)
    asked = Asked(
        wafer_map_ids=[key],
        confidence_threshold=confidence_threshold,
        return_masks=return_masks,
        mask_format=mask_format,
    )
    stored = _stored([key], person).get(key)
    if stored is not None:
        return Answer(data=_told(stored, asked, True, None))
    new, each = _analysed([wafer], person, False)
    return Answer(data=_told(new[key], asked, False, each))


def _check_model(wanted: str | None) -> None:
    served = stores.segmenter().name
    if wanted is not None and wanted != served:
        problem = f"expected the served model, {served}, found {wanted[:200]!r}"
        raise RequestError("model_version", problem, "Leave it out, or promote that model first.")


def _stored(keys: Sequence[str], person: Person) -> dict[str, WaferResult]:
    """Results that the lake holds of the served model."""
    served = stores.segmenter().name
    found = stores.lake(person).results_by_keys(keys)
    return {key: result for key, result in found.items() if result.segmentation.model == served}


def _analysed(wafers: Sequence[WaferMap], person: Person, tta: bool) -> tuple[dict[str, WaferResult], float]:
    """Results of wafers, and the milliseconds that each took on average."""
    if not wafers:
        return {}, 0.0
    began = time.perf_counter()
    results = analyse(wafers, stores.segmenter(), tta=tta, normal=normal_fail_shares(stores.lake(person)))
    return {result.wafer.key: result for result in results}, _ms(began) / len(wafers)


def _told(result: WaferResult, asked: Asked, stored: bool, milliseconds: float | None) -> Prediction:
    return prediction(
        result,
        stored=stored,
        milliseconds=milliseconds,
        threshold=asked.confidence_threshold,
        masks=asked.mask_format if asked.return_masks else None,
        polygons=asked.return_polygons,
        metrics=asked.return_metrics,
    )


def _ms(began: float) -> float:
    return 1000 * (time.perf_counter() - began)
