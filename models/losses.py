"""What training minimises, over failing dies only: a passing die is in no mask by definition.

Pure functions; `training_loss` puts them together.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from data.classes import CLASS_INDEX, CLASS_KEYS

NOTHING_FAILS = -30.0
LARGEST = {
    "edge": 0.37,
    "center": 0.18,
    "ring": 0.39,
    "scratch": 0.12,
    "particle": 0.13,
    "lithography": 0.35,
    "etching": 0.47,
    "random": 0.93,
}
"""Share of the tested dies that a pattern of each class takes at most: 99 of 100 synthetic patterns take less."""


@dataclass(frozen=True)
class LossConfig:
    """Weights of the terms.

    Args:
        dice: weight of the Dice loss.
        focal: weight of the focal loss.
        gamma: focusing exponent; 0 makes the focal loss plain cross-entropy.
        alpha: weight of positives in the focal loss, negatives get 1 - alpha; 0.5 treats both alike.
        presence: weight of the wafer-level term, pooled over dies.
        whole: weight of the wafer-level term asked of the wafer's own logit.
        extent: weight of `extent_loss`, where only presence is known.
        rare: weight of scratch and lithography against the other classes.
    """

    dice: float = 0.5
    focal: float = 0.5
    gamma: float = 2.0
    alpha: float = 0.25
    presence: float = 0.5
    whole: float = 0.5
    extent: float = 0.0
    rare: float = 2.0

    def class_weights(self, classes: int) -> Tensor:
        """Return (classes,) weights of mean 1."""
        weights = torch.ones(classes)
        weights[[CLASS_INDEX["scratch"], CLASS_INDEX["lithography"]]] = self.rare
        return weights / weights.mean()


def dice_loss(logits: Tensor, target: Tensor, where: Tensor) -> Tensor:
    """One minus the Dice coefficient per class, pooled over the batch.

    Shape:
        logits, target: (N, K, H, W); where: (N, 1, H, W) of 0 and 1. Output: (K,), NaN for a class without target.

    Source: Milletari et al., "V-Net", 3DV 2016.
    """
    probability = torch.sigmoid(logits) * where
    target = target * where
    shared = (probability * target).sum(dim=(0, 2, 3))
    both = probability.sum(dim=(0, 2, 3)) + target.sum(dim=(0, 2, 3))
    some = target.sum(dim=(0, 2, 3)) > 0
    return torch.where(some, 1 - 2 * shared / both.clamp(min=1e-6), torch.nan)


def focal_loss(logits: Tensor, target: Tensor, where: Tensor, gamma: float, alpha: float) -> Tensor:
    """Cross-entropy that looks away from easy dies, averaged over each wafer's failing dies, then over wafers.

    With gamma 0 and alpha 0.5 it is half the binary cross-entropy.

    Shape:
        logits, target: (N, K, H, W); where: (N, 1, H, W). Output: (K,).

    Source: Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017.
    """
    entropy = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    hit = torch.exp(-entropy)
    balance = alpha * target + (1 - alpha) * (1 - target)
    loss = balance * (1 - hit) ** gamma * entropy * where
    return (loss.sum(dim=(2, 3)) / where.sum(dim=(2, 3)).clamp(min=1)).mean(dim=0)


def pooled_presence(logits: Tensor, where: Tensor) -> Tensor:
    """Pool each class's logits over failing dies: their mean, weighted by their own softmax.

    Shape:
        logits: (N, K, H, W); where: (N, 1, H, W), the share of a cell's dies that fail. Output: (N, K) logits;
        strongly negative where nothing fails.

    Source: multiple-instance pooling, Ilse et al., "Attention-based Deep Multiple Instance Learning", ICML 2018.
    """
    weight = where.flatten(2)
    nothing = weight.amax(dim=2, keepdim=True) == 0
    values = logits.flatten(2)
    share = torch.softmax((values + weight.log()).masked_fill(nothing, 0.0), dim=2)
    return (share * values).sum(dim=2).masked_fill(nothing[:, :, 0], NOTHING_FAILS)


def presence_loss(pooled: Tensor, presence: Tensor) -> Tensor:
    """Cross-entropy of wafer-level labels, over the labels that are known.

    Shape:
        pooled: (N, K) logits; presence: (N, K) of 0, 1, NaN. Output: scalar, 0 when nothing is known.
    """
    known = ~torch.isnan(presence)
    loss = F.binary_cross_entropy_with_logits(pooled, torch.nan_to_num(presence), reduction="none")
    return (loss * known).sum() / known.sum().clamp(min=1)


def extent_loss(logits: Tensor, where: Tensor, tested: Tensor, presence: Tensor) -> Tensor:
    """Return how far masks of classes known to be there go beyond what the class ever takes of a wafer.

    A presence label alone is satisfied by a mask over all that fails. The squared share above `LARGEST`, as a multiple
    of it, averaged over the known classes.

    Shape:
        logits: (N, K, H, W); where: (N, 1, H, W), share of a cell's dies that fail; tested: (N, 1, H, W), 1 on the
        wafer; presence: (N, K) of 0, 1, NaN. Output: scalar, 0 when no class is known to be there.

    Source: Kervadec et al., "Constrained-CNN losses for weakly supervised segmentation", MedIA 2019.
    """
    taken = (torch.sigmoid(logits) * where).sum(dim=(2, 3)) / tested.sum(dim=(2, 3)).clamp(min=1)
    largest = torch.tensor([LARGEST[key] for key in CLASS_KEYS]).to(logits)
    there = (presence == 1).to(logits.dtype)
    beyond = F.relu(taken / largest - 1) ** 2 * there
    return beyond.sum() / there.sum().clamp(min=1)


def training_loss(
    logits: Tensor, where: Tensor, masks: Tensor, has_masks: Tensor, presence: Tensor, config: LossConfig
) -> dict[str, Tensor]:
    """Mix wafers with masks and wafers with presence labels in one step.

    Args:
        logits: (N, K, H, W).
        where: (N, 1, H, W), the share of a cell's dies that fail.
        masks: (N, K, H, W), read where `has_masks`.
        has_masks: (N,) bool.
        presence: (N, K) of 0, 1, NaN.
        config: weights.

    Returns:
        "loss" and its terms "dice", "focal", "presence".
    """
    weights = config.class_weights(logits.shape[1]).to(logits)
    zero = logits.sum() * 0.0
    dice = focal = zero
    if has_masks.any():
        drawn, target, inside = logits[has_masks], masks[has_masks].to(logits.dtype), where[has_masks]
        dice = torch.nan_to_num((dice_loss(drawn, target, inside) * weights).nanmean())
        focal = (focal_loss(drawn, target, inside, config.gamma, config.alpha) * weights).mean()
    present = presence_loss(pooled_presence(logits, where), presence)
    return {
        "loss": config.dice * dice + config.focal * focal + config.presence * present,
        "dice": dice.detach(),
        "focal": focal.detach(),
        "presence": present.detach(),
    }
