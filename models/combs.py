"""How much fails at equal distances along rows and columns: a reticle's defect repeats farther than a network sees."""

import torch
from torch import Tensor, nn
from torch.nn import functional

TEETH = 9
"""Dies that each comb looks at, itself in the middle."""
SPACINGS = range(1, 11)
"""Dies from tooth to tooth: reticle fields are up to ten wide. At 1 it is the neighbourhood, to tell them apart."""


class Combs(nn.Module):
    """The failing share of the dies that stand every n-th along the row, and along the column, of each die.

    Nothing here learns. Few teeth on the wafer count less than many.

    Shape:
        (N, 3, S, S), the picture. Output: (N, `channels`, S, S), each 0 to 1.
    """

    channels = 2 * len(SPACINGS)
    teeth: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("teeth", torch.ones(2, 1, 1, TEETH), persistent=False)

    def forward(self, wafer: Tensor) -> Tensor:
        """Comb."""
        planes, upright, reach, found = wafer[:, :2], self.teeth.transpose(2, 3), TEETH // 2, []
        for n in SPACINGS:
            along = functional.conv2d(planes, self.teeth, padding=(0, reach * n), dilation=(1, n), groups=2)
            down = functional.conv2d(planes, upright, padding=(reach * n, 0), dilation=(n, 1), groups=2)
            found += [along, down]
        sums = torch.stack(found, dim=1)
        return sums[:, :, 0] / (sums[:, :, 1] + 1)
