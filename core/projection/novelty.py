"""How unlike all others a wafer looks: an isolation forest, its score told as a rank."""

import numpy as np
from numpy.typing import NDArray

TREES, WAFERS_PER_TREE = 200, 256


class Novelty:
    """Scores wafers by how few random cuts part them from the wafers it was learnt on (Liu, Ting, Zhou 2008).

    It is learnt on whatever there is, unusual wafers included: no share of them is assumed to be abnormal, so no wafer
    is called so. The score is a rank: the percentage of the wafers learnt on that are less isolated.

    Args:
        features: float32 (N, F) of the wafers to learn.
        seed: of the trees.

    Example:
        >>> known = np.random.default_rng(0).standard_normal((500, 4)).astype(np.float32)
        >>> isolation, scores = Novelty(known, 0).score(np.float32([[0, 0, 0, 0], [9, 9, 9, 9]]))
        >>> bool(scores[0] < 20), float(scores[1])
        (True, 100.0)
    """

    def __init__(self, features: NDArray[np.float32], seed: int) -> None:
        from sklearn.ensemble import IsolationForest

        self._forest = IsolationForest(
            n_estimators=TREES, max_samples=min(WAFERS_PER_TREE, len(features)), random_state=seed
        ).fit(features)
        self._known = np.sort(self._isolation(features))

    def score(self, features: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Score wafers.

        Returns:
            Isolation, 0 to 1, about 0.5 for ordinary wafers; and novelty, 0 to 100. Both float32 (N,). Isolation still
            tells apart wafers that are all more isolated than those learnt on.
        """
        isolation = self._isolation(features)
        below = np.searchsorted(self._known, isolation, side="left")
        return isolation, (100 * below / len(self._known)).astype(np.float32)

    def _isolation(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(-self._forest.score_samples(features), dtype=np.float32)
