"""The segmentation network: a U-Net whose outputs also see the whole wafer."""

from collections.abc import Mapping
from dataclasses import dataclass

import segmentation_models_pytorch as smp
import torch
from torch import Tensor, nn
from torch.nn import functional

from data.classes import CLASS_COUNT
from data.pictures import DIES
from data.raster import CHANNELS
from data.served import LOGITS
from models.die_unet import DieDecoder, DieEncoder


@dataclass(frozen=True)
class NetworkConfig:
    """Shape of the network.

    Args:
        encoder: an encoder of segmentation-models-pytorch (resnet18, resnet34, resnet50, resnet101, mobilenet_v2), or
            `data.pictures.DIES` for the network at one pixel a die.
        depth: encoder stages; 4 leaves out the last, coarsest one of those of segmentation-models-pytorch.
        decoder_channels: channels of the `depth` decoder stages, coarse to fine; of DIES, those of both halves.
        dropout: share of the coarsest features dropped on their way into the decoder (also by MC dropout).
    """

    encoder: str = "resnet50"
    depth: int = 5
    decoder_channels: tuple[int, ...] = (256, 128, 64, 32, 16)
    dropout: float = 0.3


class WaferUNet(nn.Module):
    """A U-Net over the drawn wafer, with a wafer-level term added to every pixel's logits.

    The term is computed from the coarsest features pooled over the wafer. It lets the network use what only the whole
    wafer tells (how much fails everywhere) in each pixel's decision.

    Shape:
        wafer: (N, 3, S, S), S a size of the encoder's raster. Output: (N, 8, S, S) logits.

    Source: Ronneberger et al., "U-Net", MICCAI 2015; He et al., "Deep Residual Learning", CVPR 2016.
    """

    encoder: nn.Module
    decoder: nn.Module
    head: nn.Module

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.by_die = config.encoder == DIES
        if self.by_die:
            channels = config.decoder_channels[::-1]
            encoder = DieEncoder(len(CHANNELS), channels)
            self.encoder, self.decoder = encoder, DieDecoder(channels)
            self.head = nn.Conv2d(channels[0], CLASS_COUNT, 1)
            self.strides, width = encoder.strides, channels[-1]
        else:
            net = _ready_made(config)
            self.encoder, self.decoder, self.head = net.encoder, net.decoder, net.segmentation_head
            self.strides = tuple(2**stage for stage in range(config.depth + 1))
            width = int(net.encoder.out_channels[-1])
        self.dropout = nn.Dropout(config.dropout)
        self.wafer_head = nn.Sequential(nn.Linear(2 * width, 128), nn.ReLU(), nn.Linear(128, CLASS_COUNT))

    def take(self, weights: Mapping[str, Tensor]) -> None:
        """Take over weights, those of a network before it saw far along rows and columns too.

        Raises:
            RuntimeError: they are of another network.
        """
        begun = {name: value for name, value in self.state_dict().items() if name.startswith(DieEncoder.ADDED)}
        self.load_state_dict({**begun, **weights})

    def forward(self, wafer: Tensor) -> Tensor:
        """Return logits for every class and pixel."""
        return self.decode(self.encode(wafer))

    def encode(self, wafer: Tensor) -> list[Tensor]:
        """Return the encoder's features, fine to coarse; the first is the wafer itself."""
        features: list[Tensor] = self.encoder(wafer)
        return features

    def decode(self, features: list[Tensor]) -> Tensor:
        """Turn features into logits; the only part where dropout acts."""
        return self.answers(features)[0]

    def answers(self, features: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Turn features into logits, and give beside them the wafer's own logit a class, (N, 8), which they hold."""
        kept = [*features[:-1], self.dropout(features[-1])]
        pooled = self._pooled(kept)
        pixels: Tensor = self.head(self.decoder(kept, pooled) if self.by_die else self.decoder(kept))
        whole = self.wafer_head(pooled)
        return pixels + whole[:, :, None, None], whole

    def whole(self, features: list[Tensor]) -> Tensor:
        """Return one logit a class, (N, 8), from the coarsest features pooled over the wafer."""
        logits: Tensor = self.wafer_head(self._pooled(features))
        return logits

    def _pooled(self, features: list[Tensor]) -> Tensor:
        """Mean and maximum of the coarsest features; a padded picture's mean leaves out what is off the wafer."""
        coarse = features[-1]
        mean = mean_over_tested(features[0], coarse, self.strides[-1]) if self.by_die else coarse.mean(dim=(2, 3))
        return torch.cat([mean, coarse.amax(dim=(2, 3))], dim=1)


def mean_over_tested(wafer: Tensor, feature: Tensor, stride: int) -> Tensor:
    """Average a feature (N, C, h, w) over the tested area of the picture (N, 3, S, S) that it was made of; (N, C)."""
    tested = functional.avg_pool2d(wafer[:, 1:2], stride) + 1e-6
    return (feature * tested).sum(dim=(2, 3)) / tested.sum(dim=(2, 3))


def _ready_made(config: NetworkConfig) -> smp.Unet:
    net = smp.Unet(
        config.encoder,
        encoder_depth=config.depth,
        encoder_weights=None,
        decoder_channels=config.decoder_channels,
        in_channels=len(CHANNELS),
        classes=CLASS_COUNT,
    )
    if config.depth == 4 and hasattr(net.encoder, "layer4"):
        # Nothing reads the last stage at depth 4; its weights would only weigh.
        del net.encoder.layer4
    return net


class MaskingUNet(nn.Module):
    """A network that gives masks alone, to be exported.

    Args:
        network: trained.
    """

    outputs = (LOGITS,)

    def __init__(self, network: WaferUNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, wafer: Tensor) -> tuple[Tensor]:
        """Return logits (N, 8, S, S)."""
        return (self.network(wafer),)
