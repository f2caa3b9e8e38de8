import numpy as np
import pytest

from core.active_learning.simulation import ARMS, SELF_TRAINING, Plan, Task, play, score

PLAN = Plan(start=4, batch=3, rounds=3)


def task_of(wafers: int = 30, dies: int = 6) -> Task:
    """Two classes that lie on either side of a line; the rows of a wafer are its failing dies."""
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((wafers * dies, 2)).astype(np.float32)
    labels = np.zeros((len(rows), 8), dtype=np.float32)
    labels[:, 0], labels[:, 1] = rows[:, 0] > 0, rows[:, 0] <= 0
    owner = np.repeat(np.arange(wafers), dies)
    vectors = rows.reshape(wafers, dies, 2).mean(axis=1)
    return Task(rows, labels, owner, vectors, rng.normal(size=wafers), rows, labels, "mean IoU over dies")


class Nearest:
    """Answers as the nearest row that it was shown; keeps how many people's labels it saw each time."""

    def __init__(self):
        self.seen = []

    def __call__(self, rows, labels, seed):
        self.seen.append((len(rows), int(np.isnan(labels).any())))

        def trained(asked, passes):
            near = np.argmin(np.linalg.norm(asked[:, None] - rows, axis=2), axis=1)
            return np.repeat(np.nan_to_num(labels[near], nan=0.5)[None], max(1, passes), axis=0)

        return trained


@pytest.mark.parametrize("arm", ARMS)
def test_every_arm_is_measured_after_the_start_and_each_round_from_the_same_start(arm):
    fit = Nearest()
    scores = list(play(task_of(), PLAN, arm, fit, seed=1))
    assert len(scores) == 4
    assert all(0 <= s <= 1 for s in scores)
    if arm == SELF_TRAINING:
        assert [n for n, _ in fit.seen[::2]] == [6 * n for n in PLAN.labelled]
    else:
        assert [n for n, _ in fit.seen] == [6 * n for n in PLAN.labelled]
        assert scores[0] == next(play(task_of(), PLAN, "random", Nearest(), seed=1))


def test_the_same_seed_plays_the_same():
    one, other = (list(play(task_of(), PLAN, "stratified", Nearest(), seed=2)) for _ in range(2))
    assert one == other


def test_scores_are_those_counted_by_hand():
    labels = np.zeros((4, 8), dtype=np.float32)
    labels[:3, 2] = 1
    labels[3, 2] = np.nan
    said = np.zeros((4, 8), dtype=np.float32)
    said[[0, 1, 3], 2] = 0.9
    assert score(said, labels, "mean IoU over dies") == pytest.approx(2 / 3)
    assert score(said, labels, "macro F1 of presence") == pytest.approx(4 / 5)
