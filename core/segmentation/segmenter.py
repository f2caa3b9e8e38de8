"""Which failing dies belong to which pattern: wafers in, probabilities and masks per die out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.segmentation.network import Answer, Network
from core.segmentation.presence import presence, sigmoid
from core.segmentation.pyramid import View, fuse, views, weigh
from core.segmentation.serving import model_in_use
from core.settings import settings
from data.classes import CLASS_KEYS
from data.served import EMBEDDING, PRESENCE
from data.turning import SYMMETRIES, symmetry, undo_symmetry
from data.wafer import WaferMap

BATCH_PIXELS = 32 * 96 * 96
TURNED_PIXELS = 4 * 48 * 48  # of all turns together; what a lot takes then: `python -m benchmarks --only lot`


@dataclass(frozen=True, eq=False)
class Segmentation:
    """What the network sees on one wafer.

    Args:
        key: the wafer's key.
        probabilities: float32 (8, H, W), calibrated, that a die there belongs to the class.
        masks: bool (8, H, W): failing dies that the class accounts for.
        presence: float32 (8,), calibrated, that the class is on the wafer.
        model: name and short hash of the model that said so.
        embedding: float32 (512,) of unit length, what the whole wafer looks like; None from a model that gives none,
            and when the lake was asked for the rest.
    """

    key: str
    probabilities: NDArray[np.float32]
    masks: NDArray[np.bool_]
    presence: NDArray[np.float32]
    model: str
    embedding: NDArray[np.float32] | None = None

    @property
    def classes_present(self) -> tuple[str, ...]:
        """Keys of the classes that hold at least one die, in the order of the class table."""
        return tuple(key for key, mask in zip(CLASS_KEYS, self.masks, strict=True) if mask.any())


class Segmenter:
    """Finds patterns on wafers; any number of threads may share one.

    Args:
        network: the loaded model.

    Example:
        >>> Segmenter.load("nowhere.onnx")
        Traceback (most recent call last):
        data.errors.ModelError: nowhere.onnx: the model file cannot be read (No such file or directory). ...
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self.sha256 = network.sha256
        self.name = f"{network.metadata.name}@{network.sha256[:8]}"
        self.metadata = network.metadata
        self.embeds = EMBEDDING in network.outputs
        self.judges = PRESENCE in network.outputs  # which classes are there; else that is pooled over the dies

    @classmethod
    def load(cls, model: str | None = None, *, threads: int | None = None) -> "Segmenter":
        """Load a model.

        Args:
            model: path of an ONNX file, None for that of the settings, else the champion's, else the shipped one.
            threads: threads that one run uses, None for those of the settings, without setting every core.

        Raises:
            ModelError: the model is missing, damaged or does not fit this app.
            SettingError: a setting holds nonsense.
        """
        configured = settings()
        path = Path(model) if model else model_in_use(configured)
        return cls(Network.load(path, threads or configured.threads or None))

    def segment(self, wafers: Sequence[WaferMap], *, tta: bool = False) -> list[Segmentation]:
        """Segment wafers, in their order.

        Args:
            wafers: any number, of any sizes.
            tta: average over the eight turns and flips of each wafer: steadier answers, up to eight times the work.

        Raises:
            ModelError: the network fails.
        """
        turns = [SYMMETRIES if tta else self._turns(wafer) for wafer in wafers]
        turned = [symmetry(wafer.dies, k) for wafer, count in zip(wafers, turns, strict=True) for k in range(count)]
        seen = iter(self._look(turned))
        return [self._decide(wafer, list(islice(seen, count))) for wafer, count in zip(wafers, turns, strict=True)]

    def answers(self, wafers: Sequence[WaferMap]) -> list[Answer]:
        """Return what the network says of wafers before calibration and thresholds, logits (8, H, W) on their dies.

        Raises:
            ModelError: the network fails.
        """
        return self._look([wafer.dies for wafer in wafers])

    def _turns(self, wafer: WaferMap) -> int:
        """Of how many turns the answers are averaged: of large wafers one is work enough."""
        fine = self.metadata.raster.size(wafer.dies.shape)
        return max(1, min(self.metadata.turns, TURNED_PIXELS // fine**2))

    def _decide(self, wafer: WaferMap, looks: Sequence[Answer]) -> Segmentation:
        meta = self.metadata
        logits = _mean_turned_back([look.logits for look in looks])
        probabilities = sigmoid(logits / meta.temperature[:, None, None])
        said = [look.presence for look in looks if look.presence is not None]
        if said and wafer.failing.any():
            present = sigmoid(np.mean(said, axis=0, dtype=np.float32))
            enough = _enough(probabilities, wafer.failing, meta.die_threshold)
        else:
            present, enough = presence(logits, wafer.failing, meta.temperature), meta.die_threshold
        believed = (probabilities >= enough[:, None, None]) & (present >= meta.presence_threshold)[:, None, None]
        # The embedding is of the wafer as it lies, tta or not: turned ones are other points of the same space.
        return Segmentation(wafer.key, probabilities, wafer.failing & believed, present, self.name, looks[0].embedding)

    def _look(self, grids: Sequence[NDArray[np.uint8]]) -> list[Answer]:
        """Logits (8, H, W), presence (8,) and embedding (512,) of each die grid, its views put together."""
        looks = [views(dies, self.metadata.raster) for dies in grids]
        seen = iter(self._seen([view for parts in looks for view in parts]))
        found = []
        for parts, dies in zip(looks, grids, strict=True):
            answers = [next(seen) for _ in parts]
            share = self.metadata.fine_share
            logits = fuse(parts, [a.logits for a in answers], dies.shape, share)
            said = [a.presence for a in answers if a.presence is not None]
            together = weigh(said, share) if said else None
            found.append(Answer(logits, together, _mean_direction([a.embedding for a in answers])))
        return found

    def _seen(self, flat: list[View]) -> list[Answer]:
        """Answers of each view, the logits (8, h, w) on its cells; run in batches of one working size."""
        out: dict[int, Answer] = {}
        raster = self.metadata.raster
        for size, batch in view_batches(flat):
            answer = self._network.run(np.stack([raster.draw(flat[i].planes, size) for i in batch]))
            beside = [[None] * len(batch) if rows is None else list(rows) for rows in answer[1:]]
            start = 0
            for shape, members in groupby(batch, key=lambda i: flat[i].planes.shape[1:]):
                group = list(members)
                stop = start + len(group)
                pooled = raster.per_cell(answer.logits[start:stop], shape)
                out.update(zip(group, map(Answer, pooled, *(rows[start:stop] for rows in beside)), strict=True))
                start = stop
        return [out[i] for i in range(len(flat))]


def _enough(
    probabilities: NDArray[np.float32], failing: NDArray[np.bool_], threshold: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Probability (8,) from which a die belongs to a class that is on the wafer.

    The threshold, and where no failing die reaches it half of what the likeliest does: a class that is there has dies.
    """
    most = probabilities[:, failing].max(axis=1, initial=0)
    return np.where(most >= threshold, threshold, most / 2)


def view_batches(flat: list[View]) -> Iterator[tuple[int, list[int]]]:
    """Working size and positions of views to run together: one size, bounded pixels, equal shapes side by side."""
    order = sorted(range(len(flat)), key=lambda i: (flat[i].size, flat[i].planes.shape))
    for size, members in groupby(order, key=lambda i: flat[i].size):
        same = list(members)
        count = max(1, BATCH_PIXELS // size**2)
        for start in range(0, len(same), count):
            yield size, same[start : start + count]


def _mean_direction(embeddings: Sequence[NDArray[np.float32] | None]) -> NDArray[np.float32] | None:
    """Mean of vectors, of unit length again; None where the model gives none."""
    known = [embedding for embedding in embeddings if embedding is not None]
    if not known:
        return None
    total = np.sum(known, axis=0, dtype=np.float32)
    return np.asarray(total / np.linalg.norm(total), dtype=np.float32)


def _mean_turned_back(logits: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Mean of the logits (8, H, W) of symmetries 0, 1, ... of one wafer, on the wafer as it is."""
    total = logits[0]
    for k, seen in enumerate(logits[1:], start=1):
        total = total + undo_symmetry(seen, k)
    return total / np.float32(len(logits))
