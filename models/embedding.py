"""What a wafer looks like to the network, as one vector, and what follows from it: presence and embedding."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from data.classes import CLASS_COUNT
from data.served import EMBEDDING, LOGITS, PRESENCE
from models.presence_head import PresenceHead
from models.projection import Projection
from models.unet import WaferUNet, mean_over_tested

ZONES = (0.0, 0.3, 0.5, 0.7, 0.85, 2.0)
"""Rings around the centre, in shares of the radius, over which the classes' probabilities are summed up."""
LOGIT_BOUND = 12.0
NOWHERE = -1e4


class Describer(nn.Module):
    """Pools a network's features and answers over a wafer into one descriptor.

    It holds, of every encoder stage, the mean over the tested area and the maximum; of every class the presence on the
    wafer, the wafer-level logit, and the root of the share of each zone that fails for it.

    Args:
        strides: of the features, as `WaferUNet.strides`.

    Shape:
        wafer: (N, 3, S, S); features: of `WaferUNet.encode`; whole: (N, 8); logits: (N, 8, S, S). Output: (N, D).
    """

    def __init__(self, strides: Sequence[int]) -> None:
        super().__init__()
        self._strides = strides

    def forward(self, wafer: Tensor, features: list[Tensor], whole: Tensor, logits: Tensor) -> Tensor:
        """Describe."""
        return torch.cat([*self._stages(wafer, features), *_answers(wafer, whole, logits)], dim=1)

    def _stages(self, wafer: Tensor, features: list[Tensor]) -> list[Tensor]:
        """Mean over the tested area and maximum of each stage but the first, which is the wafer itself."""
        pooled = []
        for feature, stride in zip(features[1:], self._strides[1:], strict=True):
            pooled += [mean_over_tested(wafer, feature, stride), feature.amax(dim=(2, 3))]
        return pooled


class Embedder(nn.Module):
    """Projects descriptors to embeddings.

    Shape:
        described: (N, D). Output: (N, 512), unit length.
    """

    center: Tensor
    matrix: Tensor

    def __init__(self, projection: Projection) -> None:
        super().__init__()
        self.register_buffer("center", torch.from_numpy(projection.center))
        self.register_buffer("matrix", torch.from_numpy(projection.matrix))

    def forward(self, described: Tensor) -> Tensor:
        """Project."""
        return functional.normalize((described - self.center) @ self.matrix, dim=1)


class DescribingUNet(nn.Module):
    """A network that also gives the wafer's descriptor, from which presence heads and projections learn.

    Args:
        network: trained.
    """

    outputs = (LOGITS, "descriptor")

    def __init__(self, network: WaferUNet) -> None:
        super().__init__()
        self.network, self.describer = network, Describer(network.strides)

    def forward(self, wafer: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits (N, 8, S, S) and descriptor (N, D)."""
        features = self.network.encode(wafer)
        logits = self.network.decode(features)
        return logits, self.describer(wafer, features, self.network.whole(features), logits)


class ServedUNet(nn.Module):
    """The network as it is exported.

    Args:
        network: trained.
        head: which classes are on a wafer, by its descriptor.
        projection: how descriptors become embeddings.
    """

    outputs = (LOGITS, PRESENCE, EMBEDDING)

    def __init__(self, network: WaferUNet, head: PresenceHead, projection: Projection) -> None:
        super().__init__()
        self.describing, self.presence, self.embedder = DescribingUNet(network), head, Embedder(projection)

    def forward(self, wafer: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return logits (N, 8, S, S), presence (N, 8) and embedding (N, 512)."""
        logits, described = self.describing(wafer)
        return logits, self.presence(described), self.embedder(described)


def _answers(wafer: Tensor, whole: Tensor, logits: Tensor) -> list[Tensor]:
    failing, tested, radius = wafer[:, :1], wafer[:, 1:2] > 0, wafer[:, 2:3]
    fails = (failing > 0).flatten(2).expand(-1, CLASS_COUNT, -1)
    flat = logits.flatten(2)
    weights = torch.softmax(torch.where(fails, flat, torch.full_like(flat, NOWHERE)), dim=2)
    presence = (weights * flat).sum(dim=2).clamp(-LOGIT_BOUND, LOGIT_BOUND)
    probable = torch.sigmoid(logits) * failing
    shares = []
    for inner, outer in pairwise(ZONES):
        zone = ((radius >= inner) & (radius < outer) & tested).to(logits.dtype)
        shares.append((probable * zone).sum(dim=(2, 3)) / zone.sum(dim=(2, 3)).clamp(min=1))
    return [presence, whole, torch.sqrt(torch.cat(shares, dim=1) + 1e-6)]
