"""Which classes are on a wafer, said from its descriptor: a small network beside the one that draws masks.

Masks teach where a pattern is; labels of whole wafers, of which fabs have plenty, teach whether it is there. Pooling
die logits alone uses those labels only through the masks.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from data.classes import CLASS_COUNT

HIDDEN = 256
MEMBERS = 4
DROPOUT = 0.3
BOUND = 6.0
"""Standard deviations at which a descriptor's part is cut: a wafer unlike any in training must not shout."""
BATCH, RATE, DECAY = 128, 3e-3, 0.01


class PresenceHead(nn.Module):
    """Several two-layer networks over the standardised descriptor, whose logits are averaged.

    Shape:
        described: (N, D), as `models.embedding.Embedder` pools it. Output: (N, 8) logits.

    Source: Lakshminarayanan et al., "Simple and Scalable Predictive Uncertainty Estimation using Deep Ensembles",
    NeurIPS 2017.
    """

    center: Tensor
    spread: Tensor

    def __init__(self, center: Tensor, spread: Tensor) -> None:
        super().__init__()
        self.register_buffer("center", center)
        self.register_buffer("spread", spread)
        self.members = nn.ModuleList(
            nn.Sequential(
                nn.Dropout(DROPOUT),
                nn.Linear(len(center), HIDDEN),
                nn.ReLU(),
                nn.Dropout(DROPOUT),
                nn.Linear(HIDDEN, CLASS_COUNT),
            )
            for _ in range(MEMBERS)
        )

    def forward(self, described: Tensor) -> Tensor:
        """Return the logits of the classes' presence."""
        return self.votes(described).mean(dim=0)

    def votes(self, described: Tensor) -> Tensor:
        """Return each member's logits, (M, N, 8)."""
        standard = ((described - self.center) / self.spread).clamp(-BOUND, BOUND)
        return torch.stack([member(standard) for member in self.members])


def fit_presence(described: Tensor, presence: Tensor, weight: Tensor, epochs: int, seed: int) -> PresenceHead:
    """Train a head, every member by its own loss.

    Args:
        described: float32 (N, D).
        presence: float32 (N, 8) of 0, 1, NaN where nobody knows.
        weight: float32 (N,), how often each wafer is drawn against the others.
        epochs: how often N wafers are drawn.
        seed: of weights, draws and dropout.

    Returns:
        The head, ready to be used.
    """
    draws = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        head = PresenceHead(described.mean(dim=0), described.std(dim=0) + 1e-3)
        steps = max(1, epochs * len(described) // BATCH)
        optimizer = torch.optim.AdamW(head.parameters(), RATE, weight_decay=DECAY)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
        for _ in range(steps):
            some = torch.multinomial(weight, BATCH, replacement=True, generator=draws)
            target = presence[some].expand(MEMBERS, -1, -1)
            known = ~torch.isnan(target)
            loss = functional.binary_cross_entropy_with_logits(
                head.votes(described[some]), torch.nan_to_num(target), reduction="none"
            )
            optimizer.zero_grad()
            ((loss * known).sum() / known.sum().clamp(min=1)).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
    return head.eval()
