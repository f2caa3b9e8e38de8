"""Learning from wafers that nobody labelled: what the averaged network is sure of, the network must see disturbed too.

FixMatch for masks of several classes at once: each class of each failing die is a question of its own, answered yes,
no, or not surely enough to learn from.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from data.classes import CLASS_COUNT

MEMORY = 0.99  # of the count of sure answers a step


@dataclass(frozen=True)
class ConsistencyConfig:
    """How sure is sure, and how much it counts.

    Args:
        weight: of the term, once it is ramped up.
        confidence: probability from which a class that is learnt well is taken as there; 1 - confidence for not there.
        least: the same for a class that was hardly ever seen surely, and for all at the first step.
        ramp: steps over which weight and confidence rise.
    """

    weight: float = 1.0
    confidence: float = 0.95
    least: float = 0.7
    ramp: int = 1000


class Consistency(nn.Module):
    """The term, and what it remembers: how many wafers a step show each class surely.

    A class seen rarely gets a lower threshold, so that it is not crowded out by those that are learnt first. FlexMatch
    scales thresholds down to 0; here a threshold never falls below `least`, as each class is told apart from nothing,
    and not from the other classes.

    Source: Sohn et al., "FixMatch", NeurIPS 2020; Zhang et al., "FlexMatch", NeurIPS 2021.
    """

    seen: Tensor

    def __init__(self, config: ConsistencyConfig) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("seen", torch.zeros(CLASS_COUNT))

    def ramped(self, step: int) -> float:
        """Return the share of the ramp that is climbed at a step."""
        return min(1.0, step / max(1, self.config.ramp))

    def thresholds(self, step: int) -> Tensor:
        """Return for each class the probability, (8,), from which it is taken as there."""
        least, confidence = self.config.least, self.config.confidence
        learnt = self.seen / self.seen.max().clamp(min=1e-6)
        return least + (confidence - least) * self.ramped(step) * learnt / (2 - learnt)

    def forward(self, logits: Tensor, taught: Tensor, where: Tensor, step: int) -> dict[str, Tensor]:
        """Return the term.

        Args:
            logits: (N, 8, S, S), of the disturbed looks.
            taught: (N, 8, S, S) logits of the averaged network on the looks as they are, brought to the same pixels.
            where: (N, 1, S, S), the share of a cell's dies that fail in both looks.
            step: number of the training step.

        Returns:
            "unlabelled", the weighted term with gradients through sure pixels alone, and "sure", the share of answers
            learnt from.
        """
        probability = torch.sigmoid(taught.detach().float())
        there = probability >= self.thresholds(step)[:, None, None]
        no = 1 - self.config.least - (self.config.confidence - self.config.least) * self.ramped(step)
        sure = (there | (probability <= no)).to(logits.dtype) * where
        loss = F.binary_cross_entropy_with_logits(logits, there.to(logits.dtype), reduction="none") * sure
        asked = (where.sum() * logits.shape[1]).clamp(min=1)
        self._remember(probability, where)
        weight = self.config.weight * self.ramped(step)
        return {"unlabelled": weight * loss.sum() / asked, "sure": (sure.sum() / asked).detach()}

    def _remember(self, probability: Tensor, where: Tensor) -> None:
        surely = ((probability >= self.config.confidence) & (where > 0)).amax(dim=(2, 3)).float().mean(dim=0)
        self.seen.mul_(MEMORY).add_(surely, alpha=1 - MEMORY)
