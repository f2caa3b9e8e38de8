"""A small residual U-Net at one pixel a die: nothing as thin as a die is lost, and nothing is enlarged on the way."""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional

from models.combs import Combs
from models.lines import Lines

BLOCKS = (1, 1, 2, 2)
"""Residual blocks of the encoder's stages, fine to coarse: they cost least where the picture is small.
The first stage has one more, which came later."""
CONTEXT = 128
HINTS = 48


class Residual(nn.Module):
    """Two convolutions beside a short cut.

    Args:
        channels: in and out.
        silent: begins by adding nothing.

    Shape:
        (N, C, H, W) to the same.

    Source: He et al., "Deep Residual Learning for Image Recognition", CVPR 2016.
    """

    def __init__(self, channels: int, *, silent: bool = False) -> None:
        super().__init__()
        self.first = convolution(channels, channels)
        norm = nn.BatchNorm2d(channels)
        self.second = nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1, bias=False), norm)
        if silent:
            nn.init.zeros_(norm.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Add what both convolutions find."""
        return functional.relu(x + self.second(self.first(x)))


class DieEncoder(nn.Module):
    """Stages at full, half, quarter, ... size of a picture whose pixels are dies.

    Args:
        in_channels: of the picture.
        channels: of the stages, fine to coarse.

    Shape:
        (N, in_channels, S, S), S a multiple of 2**(stages - 1). Output: the picture, then every stage.
    """

    ADDED = ("encoder.afar.", "encoder.along.", "encoder.stages.0.1.")
    """Begin the names of what files of earlier networks lack: as it begins, it changes nothing of what they say."""

    def __init__(self, in_channels: int, channels: Sequence[int]) -> None:
        super().__init__()
        self.out_channels = (in_channels, *channels)
        self.strides = (1, *(2**stage for stage in range(len(channels))))
        self.enter = nn.ModuleList(
            convolution(before, after, 2 if stage else 1)
            for stage, (before, after) in enumerate(zip(self.out_channels, channels, strict=False))
        )
        self.combs, self.afar = Combs(), _hint(Combs.channels, channels[0])
        self.lines, self.along = Lines(), _hint(Lines.channels, channels[0])
        stages = [
            nn.Sequential(*(Residual(width) for _ in range(blocks)))
            for width, blocks in zip(channels, BLOCKS, strict=True)
        ]
        stages[0].append(Residual(channels[0], silent=True))
        self.stages = nn.ModuleList(stages)

    def forward(self, wafer: Tensor) -> list[Tensor]:
        """Return the features, fine to coarse."""
        features = [wafer]
        for level, (enter, stage) in enumerate(zip(self.enter, self.stages, strict=True)):
            entered = enter(features[-1])
            features.append(stage(entered if level else entered + self._hints(wafer)))
        return features

    def _hints(self, wafer: Tensor) -> Tensor:
        """What the first stage could not see, or not well, from where it stands."""
        hints: Tensor = self.afar(self.combs(wafer)) + self.along(self.lines(wafer))
        return hints


class DieDecoder(nn.Module):
    """Brings the coarsest features, and what the wafer shows as a whole, back to full size.

    Args:
        channels: of the encoder's stages, fine to coarse.

    Shape:
        features: as `DieEncoder` gives them; pooled: (N, 2 C), of the coarsest. Output: (N, channels[0], S, S).
    """

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        finer = list(channels[-2::-1])
        self.context = nn.Sequential(nn.Linear(2 * channels[-1], CONTEXT), nn.ReLU(), nn.Linear(CONTEXT, finer[0]))
        self.narrow = nn.ModuleList(
            nn.Conv2d(before, after, 1) for before, after in zip(channels[:0:-1], finer, strict=True)
        )
        self.blocks = nn.ModuleList(Residual(width) for width in finer)

    def forward(self, features: list[Tensor], pooled: Tensor) -> Tensor:
        """Add every finer stage on the way."""
        found = features[-1]
        for stage, (skip, narrow, block) in enumerate(zip(features[-2:0:-1], self.narrow, self.blocks, strict=True)):
            found = narrow(functional.interpolate(found, scale_factor=2)) + skip
            if stage == 0:
                found = found + self.context(pooled)[:, :, None, None]
            found = block(found)
        return found


def _hint(found: int, channels: int) -> nn.Sequential:
    """Turn what was counted into features that begin as zero."""
    last = nn.Conv2d(HINTS, channels, 1)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)  # type: ignore[arg-type]
    return nn.Sequential(nn.Conv2d(found, HINTS, 1, bias=False), nn.BatchNorm2d(HINTS), nn.ReLU(inplace=True), last)


def convolution(before: int, after: int, stride: int = 1) -> nn.Sequential:
    """A normalised convolution: 3 x 3, or 2 x 2 where it halves the picture."""
    side = 2 if stride == 2 else 3
    return nn.Sequential(
        nn.Conv2d(before, after, side, stride, padding=side // 2 if stride == 1 else 0, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(inplace=True),
    )
