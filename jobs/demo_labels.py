"""Labels of the demo fab: a finished round of labelling by two drawn annotators, and one that waits for people."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.active_learning.candidates import queue_picks
from core.annotation.bench import Bench, bench
from core.annotation.items import Candidate
from core.annotation.progress import items, iterations
from core.annotation.queue import fill, go_on
from core.annotation.submissions import submit
from core.database import AppDatabase
from core.identity import Person, named_person
from core.labels.annotations import labelled_keys
from core.labels.checks import validate
from core.labels.label import Label, LabelInstance, Verdict
from core.lake import Lake
from core.selection import Strategy
from core.settings import Settings
from data.classes import CLASS_COUNT, CLASS_INDEX, CLASS_KEYS
from data.wafer import WaferMap
from jobs.select_wafers import SelectConfig, choose

ANNOTATORS = tuple(named_person(f"Demo annotator {n}") for n in (1, 2))
LABELLED, WAITING, TWICE = 40, 20, 12
"""Wafers of the finished round, of the one that waits, and how many of the finished one both annotators label."""
ALIKE = 0.75
"""IoU from which on a demo annotator accepts a proposal as it is."""
MISSED = 0.04
"""Share of dies that a demo annotator overlooks."""
SECONDS = (np.log(35.0), 0.5)
"""Mean and spread of the logarithm of the seconds of work on a label."""


def label_demo(at: Settings, lake: Lake, truths: Mapping[str, NDArray[np.uint8]], seed: int, model: str) -> None:
    """Label a round as people would, by what was drawn, and choose the next; labels of others are left alone.

    Args:
        at: settings of the workspace.
        lake: with the segmented and embedded demo fab.
        truths: by key of a wafer its masks bool (8, H, W), as `numpy.packbits` packs them.
        seed: of what is chosen and drawn.
        model: ONNX file, "" for the one in use.

    Raises:
        AppDatabaseError: the app database cannot be used.
        LakeError: the lake cannot be read.
    """
    database = AppDatabase(at.database_place)
    try:
        with database.reading() as session:
            begun, labelled = max(iterations(session), default=0), labelled_keys(session)
            others = {item.added_by for item in items(session)} - {one.name for one in ANNOTATORS}
        if others or begun > 1 or (labelled and not begun):
            return
        if not begun:
            _choose(at, database, 1, min(LABELLED, len(truths) // 4), seed, model)
            _ask_twice(database)
        rng = np.random.default_rng([seed, 2])
        while sum(_label_next(database, lake, truths, person, rng) for person in ANNOTATORS):
            pass
        _choose(at, database, 2, min(WAITING, len(truths) // 4), seed, model)
    finally:
        database.close()


def _choose(at: Settings, database: AppDatabase, iteration: int, count: int, seed: int, model: str) -> None:
    """Queue a round of typical wafers."""
    config = SelectConfig(strategy=Strategy.TYPICAL, count=count, spares=0, seed=seed, model=model)
    picks = choose(config, at, database, iteration)
    with database.writing() as session:
        queue_picks(session, picks, Strategy.TYPICAL, ANNOTATORS[0], iteration, count)


def _ask_twice(database: AppDatabase) -> None:
    """Ask for a second label of the first wafers of the round, so that people's labels can be compared."""
    with database.writing() as session:
        first = [
            Candidate(one.wafer_key, one.priority, one.reason, one.strategy, one.score)
            for one in items(session, 1)[:TWICE]
        ]
        fill(session, first, ANNOTATORS[0], copies=2)


def _label_next(
    database: AppDatabase,
    lake: Lake,
    truths: Mapping[str, NDArray[np.uint8]],
    person: Person,
    rng: np.random.Generator,
) -> bool:
    """Label what waits for a person; false when nothing does."""
    with database.writing() as session:
        item = go_on(session, person)
        if item is None:
            return False
        key = item.wafer_key
    laid = bench(database, lake, key, person)
    size = CLASS_COUNT * laid.wafer.dies.size
    masks = np.unpackbits(truths[key], count=size).astype(bool).reshape(CLASS_COUNT, *laid.wafer.dies.shape)
    label = _fit(drawn_label(laid, masks & (rng.random(masks.shape) >= MISSED)), laid.wafer)
    seconds = round(float(rng.lognormal(*SECONDS)), 1)
    with database.writing() as session:
        submit(session, laid.wafer, label, person, seconds, shown=laid.shown, blind=laid.blind)
    return True


def drawn_label(laid_out: Bench, masks: NDArray[np.bool_]) -> Label:
    """Label a wafer by masks as a person would: proposals that fit are accepted, others rejected, the rest is drawn.

    Args:
        laid_out: the wafer and what its label starts from.
        masks: bool (8, H, W), what the annotator sees.
    """
    wafer, start = laid_out.wafer, laid_out.start
    seen = masks & wafer.failing
    instances = [
        replace(one, state=Verdict.ACCEPTED if _fits(one, seen[CLASS_INDEX[one.class_key]]) else Verdict.REJECTED)
        for one in start.instances
    ]
    for one in instances:
        if one.state is Verdict.ACCEPTED:
            seen[CLASS_INDEX[one.class_key]] = False
    number = max((one.number for one in instances), default=0)
    for key, mask in zip(CLASS_KEYS, seen, strict=True):
        if mask.any():
            number += 1
            instances.append(LabelInstance(number, key, np.argwhere(mask)))
    return Label(wafer.key, wafer.dies.shape, tuple(instances))


def _fits(proposal: LabelInstance, seen: NDArray[np.bool_]) -> bool:
    proposed = np.zeros_like(seen)
    proposed[proposal.dies[:, 0], proposal.dies[:, 1]] = True
    return int((proposed & seen).sum()) >= ALIKE * int((proposed | seen).sum())


def _fit(label: Label, wafer: WaferMap) -> Label:
    """Leave out what may not be submitted, such as clusters of too few dies; without any there is no defect."""
    blocked = {problem.instance for problem in validate(label, wafer) if problem.blocks}
    kept = tuple(one for one in label.instances if one.number not in blocked)
    found = replace(label, instances=kept)
    return found if found.kept else replace(found, no_defect=True)
