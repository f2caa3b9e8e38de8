"""Choose the wafers to label next and put them into the queue as a new round."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.active_learning.candidates import excess_of, queue_picks, uncertainties, without_label
from core.annotation.chosen import choice_of, take_back
from core.annotation.progress import iterations
from core.database import AppDatabase
from core.identity import local_person, named_person
from core.labels.annotations import labelled_keys
from core.lake import Lake
from core.segmentation.dropout import PASSES, DropoutSegmenter
from core.segmentation.serving import model_in_use
from core.segmentation.uncertainty import Uncertainty
from core.selection import PLACED, UNCERTAINTY_WEIGHT, UNSURE, Pick, Pool, Strategy, select
from core.settings import Settings, settings
from core.similarity.embeddings import vectors_of
from data.errors import SettingError
from jobs.command import command
from jobs.progress import ProgressLine
from jobs.segment import load_segmenter


@dataclass(frozen=True)
class SelectConfig:
    """Choose the wafers to label next and put them into the queue as a new round."""

    strategy: Strategy = Strategy.HYBRID  # how they are chosen
    count: int = 100  # wafers to choose
    spares: int = 5  # the next ones after these: each takes the place of a wafer that nobody can tell
    iteration: int = 0  # round of labelling that they belong to; 0: a new one, or with --again the newest
    again: bool = False  # in place of what was chosen for the round before; only while nobody has begun with it
    passes: int = PASSES  # of dropout, by which uncertainty is measured
    most: int = 9000  # wafers looked at; of more without a label so many are drawn at random
    weight: float = UNCERTAINTY_WEIGHT  # of uncertainty against likeness in the hybrid, 0 to 1
    product: str = ""  # of this product only; empty: of all
    seed: int = 20261123  # of what is left to chance
    person: str = ""  # who fills the queue; empty: the account that runs this
    model: str = ""  # ONNX file; empty: the one in use
    home: Path | None = None  # workspace folder; empty: as WAFERSCOPE_HOME says


@command(SelectConfig)
def main(config: SelectConfig) -> int:
    """Run the job.

    Returns:
        0, or 1 when nothing could be chosen.
    """
    _check(config)
    at = settings().at(config.home)
    person = named_person(config.person) if config.person else local_person()
    database = AppDatabase(at.database_place)
    with database.reading() as session:
        iteration = config.iteration or max(iterations(session), default=0) + (not config.again)
    picks = choose(config, at, database, iteration)
    if not picks:
        print("Every wafer has a label or waits for one: there is nothing to choose.", file=sys.stderr)
        return 1
    with database.writing() as session:
        if config.again:
            take_back(session, iteration, person)
        added, spare = queue_picks(session, picks, config.strategy, person, iteration, config.count)
    held_back = f", {spare:,} spare" if spare else ""
    print(f"Round {iteration}: {added:,} wafers wait to be labelled, chosen by {config.strategy}{held_back}.")
    return 0


def choose(config: SelectConfig, at: Settings, database: AppDatabase, iteration: int) -> list[Pick]:
    """Gather what the strategy asks for and choose.

    Raises:
        AppDatabaseError: the round is to be chosen anew, and somebody has begun with it or nothing was chosen.
        LakeError: the lake cannot be read, or holds no vectors where they are needed.
        ModelError: the model cannot be used.
    """
    rng = np.random.default_rng((config.seed, iteration))
    lake = Lake(at.lake_url)
    with database.reading() as session:
        given_back = choice_of(session, iteration) if config.again else []
        keys, labelled = without_label(lake, session, config.product, given_back), labelled_keys(session)
    if len(keys) > config.most:
        keys = sorted(str(key) for key in rng.choice(keys, config.most, replace=False))
    vectors = known = None
    if config.strategy in PLACED and keys:
        segmenter = load_segmenter(at, config.model)
        asked = len(keys)
        keys, vectors = vectors_of(lake, segmenter.name, keys)
        _, known = vectors_of(lake, segmenter.name, labelled)
        if len(keys) < asked:
            print(f"{asked - len(keys):,} wafers are not embedded yet and left out.", file=sys.stderr)
    unsure = _measured(config, at, lake, keys) if config.strategy in UNSURE else None
    excess = excess_of(lake, keys) if config.strategy is Strategy.RANDOM_FAILING else None
    pool = Pool(keys, unsure, vectors, known, excess)
    return select(pool, config.strategy, config.count + config.spares, rng, iteration=iteration, weight=config.weight)


def _measured(config: SelectConfig, at: Settings, lake: Lake, keys: Sequence[str]) -> list[Uncertainty]:
    segmenter = DropoutSegmenter.load(config.model or str(model_in_use(at)), threads=at.threads or None)
    found: list[Uncertainty] = []
    with ProgressLine("measured", len(keys)) as progress:
        for one in uncertainties(lake, keys, segmenter, passes=config.passes, seed=config.seed):
            found.append(one)
            progress.update(len(found))
    return found


def _check(config: SelectConfig) -> None:
    wrong = {
        "--count": (config.count, config.count < 1, "a number from 1"),
        "--spares": (config.spares, config.spares < 0, "a number from 0"),
        "--passes": (config.passes, config.passes < 1, "a number from 1"),
        "--most": (config.most, config.most < 1, "a number from 1"),
        "--iteration": (config.iteration, config.iteration < 0, "a number from 1, or 0 for a new round"),
        "--weight": (config.weight, not 0 <= config.weight <= 1, "a number from 0 to 1"),
    }
    for flag, (value, bad, expected) in wrong.items():
        if bad:
            raise SettingError(flag, f"expected {expected}, found {value}", "Correct it.")


if __name__ == "__main__":
    sys.exit(main())
