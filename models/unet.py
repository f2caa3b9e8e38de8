"""The segmentation network: a ResNet U-Net whose outputs also see the whole wafer."""

from dataclasses import dataclass

import segmentation_models_pytorch as smp
import torch
from torch import Tensor, nn

from data.classes import CLASS_COUNT
from data.raster import CHANNELS
from data.served import LOGITS


@dataclass(frozen=True)
class NetworkConfig:
    """Shape of the network.

    Args:
        encoder: an encoder of segmentation-models-pytorch: resnet18, resnet34, resnet50, resnet101, mobilenet_v2.
        depth: encoder stages; 4 leaves out the last, coarsest one.
        decoder_channels: channels of the `depth` decoder stages, coarse to fine.
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
        wafer: (N, 3, S, S), S a multiple of 2**depth. Output: (N, 8, S, S) logits.

    Source: Ronneberger et al., "U-Net", MICCAI 2015; He et al., "Deep Residual Learning", CVPR 2016.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        net = smp.Unet(
            config.encoder,
            encoder_depth=config.depth,
            encoder_weights=None,
            decoder_channels=config.decoder_channels,
            in_channels=len(CHANNELS),
            classes=CLASS_COUNT,
        )
        self.encoder, self.decoder, self.head = net.encoder, net.decoder, net.segmentation_head
        if config.depth == 4 and hasattr(self.encoder, "layer4"):
            # Nothing reads the last stage at depth 4; its weights would only weigh.
            del self.encoder.layer4
        self.dropout = nn.Dropout(config.dropout)
        width = self.encoder.out_channels[-1]
        self.wafer_head = nn.Sequential(nn.Linear(2 * width, 128), nn.ReLU(), nn.Linear(128, CLASS_COUNT))

    def forward(self, wafer: Tensor) -> Tensor:
        """Give logits for every class and pixel."""
        return self.decode(self.encode(wafer))

    def encode(self, wafer: Tensor) -> list[Tensor]:
        """Give the encoder's features, fine to coarse."""
        features: list[Tensor] = self.encoder(wafer)
        return features

    def decode(self, features: list[Tensor]) -> Tensor:
        """Turn features into logits; the only part where dropout acts."""
        coarse = self.dropout(features[-1])
        pixels: Tensor = self.head(self.decoder([*features[:-1], coarse]))
        return pixels + self.whole(coarse)[:, :, None, None]

    def whole(self, coarse: Tensor) -> Tensor:
        """Give one logit a class, (N, 8), from the coarsest features pooled over the wafer."""
        pooled = torch.cat([coarse.mean(dim=(2, 3)), coarse.amax(dim=(2, 3))], dim=1)
        logits: Tensor = self.wafer_head(pooled)
        return logits


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
        """Give logits (N, 8, S, S)."""
        return (self.network(wafer),)
