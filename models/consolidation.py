"""Elastic weight consolidation: weights that matter for old wafers are held where they are, the others may move."""

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor

from models.batches import Batch
from models.losses import pooled_presence, presence_loss
from models.unet import WaferUNet

Weights = dict[str, Tensor]


class Consolidation:
    """The penalty strength / 2 x sum of F (w - w0)^2 over all weights w, which were w0.

    It is made anew whenever training goes on, from the same weights and batches, so no checkpoint needs to hold it.

    Args:
        network: as it was after learning the old wafers.
        importance: F of each weight by name, of the weight's shape.
        strength: of the penalty.

    Source: Kirkpatrick et al., "Overcoming catastrophic forgetting in neural networks", PNAS 2017.
    """

    def __init__(self, network: WaferUNet, importance: Weights, strength: float) -> None:
        self.importance, self.strength = importance, strength
        self.kept = {name: weight.detach().clone() for name, weight in network.named_parameters()}

    def penalty(self, network: WaferUNet) -> Tensor:
        """Return the penalty of a network's weights, a scalar with gradients."""
        terms = []
        for name, weight in network.named_parameters():
            importance, kept = self.importance[name].to(weight), self.kept[name].to(weight)
            terms.append((importance * (weight - kept) ** 2).sum())
        return self.strength / 2 * torch.stack(terms).sum()


def fisher(network: WaferUNet, batches: Iterable[Batch]) -> Weights:
    """Measure how much each weight matters: the mean over wafers of the squared gradient of their log-likelihood.

    A wafer's likelihood is that of its masks over its failing dies, or where it has none of its known classes. This is
    the diagonal of the empirical Fisher information. The network is used as it is served, without dropout.

    Args:
        network: as it was after learning; its gradients are cleared.
        batches: of old wafers.

    Returns:
        For each parameter by name, a tensor of its shape, 0 or more.
    """
    was_training = network.training
    network.eval()
    total = {name: torch.zeros_like(weight) for name, weight in network.named_parameters()}
    count = 0
    for batch in batches:
        for n in range(len(batch["wafer"])):
            one = {name: batch[name][n : n + 1] for name in ("wafer", "masks", "has_masks", "presence")}
            logits, where = network(one["wafer"]), one["wafer"][:, :1]
            if one["has_masks"].item():
                entropy = F.binary_cross_entropy_with_logits(logits, one["masks"].to(logits.dtype), reduction="none")
                cost = (entropy * where).sum() / where.sum().clamp(min=1)
            else:
                cost = presence_loss(pooled_presence(logits, where), one["presence"])
            network.zero_grad()
            cost.backward()  # type: ignore[no-untyped-call]
            count += 1
            for name, weight in network.named_parameters():
                if weight.grad is not None:
                    total[name] += weight.grad**2
    network.zero_grad()
    network.train(was_training)
    return {name: value / max(1, count) for name, value in total.items()}
