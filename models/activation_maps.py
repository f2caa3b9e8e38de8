"""Grad-CAM of the segmentation network: where on the drawn wafer the features lie that raised an answer."""

from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from pytorch_grad_cam import GradCAM, HiResCAM
from torch import Tensor, nn

from data.raster import CHANNELS
from models.losses import pooled_presence
from models.restoring import network_of
from models.unet import WaferUNet

SIDE = 64


class ActivationMaps:
    """Maps of one network; threads that share them wait for each other, since gradients are kept in the network.

    Grad-CAM averages gradients over the picture, and so gives a class and each of its clusters one map. For a class
    that is right; for some pixels each gradient stays in its place.

    Args:
        network: to explain; it is put into evaluation.

    Source: Selvaraju et al., "Grad-CAM", ICCV 2017; gradients in their place: Draelos and Carin, "Use HiResCAM instead
    of Grad-CAM for faithful explanations of convolutional neural networks", 2020.
    """

    def __init__(self, network: WaferUNet) -> None:
        self.network = network.requires_grad_(True).eval()
        self._asking = Lock()

    @classmethod
    def load(cls, path: Path) -> "ActivationMaps":
        """Rebuild the network of a served file.

        Raises:
            ModelError: the file is missing, damaged, or not of this network.
        """
        # What is seen sets statistics of learning alone: as it answers, each normalisation makes up for its own.
        return cls(network_of(path, dropout=0.0, seen=[torch.zeros(1, len(CHANNELS), SIDE, SIDE)]))

    def of_class(self, picture: NDArray[np.float32], class_index: int) -> NDArray[np.float32]:
        """Map what raised the presence of a class, pooled over failing dies.

        Args:
            picture: float32 (3, S, S), as the raster draws a wafer.
            class_index: place of the class among the classes.

        Returns:
            float32 (S, S) from 0 to 1, the largest 1; all 0 where nothing raised it.
        """
        failing = torch.from_numpy(picture[:1])[None]
        return self._map(GradCAM, picture, lambda logits: pooled_presence(logits[None], failing)[0, class_index])

    def of_pixels(
        self, picture: NDArray[np.float32], class_index: int, weights: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Map what raised the mean logit of a class over some pixels.

        Args:
            picture: float32 (3, S, S), as the raster draws a wafer.
            class_index: place of the class among the classes.
            weights: float32 (S, S), how much each pixel counts; not all 0.

        Returns:
            float32 (S, S) from 0 to 1, the largest 1; all 0 where nothing raised it.
        """
        share = torch.from_numpy(weights / weights.sum())
        return self._map(HiResCAM, picture, lambda logits: (logits[class_index] * share).sum())

    def _map(
        self, method: type[GradCAM | HiResCAM], picture: NDArray[np.float32], answer: Callable[[Tensor], Tensor]
    ) -> NDArray[np.float32]:
        """Map what raised an answer, which is taken from logits (8, S, S)."""
        with self._asking:
            seen: NDArray[np.float32] = method(self.network, [_layer(self.network)])(
                torch.from_numpy(picture)[None], [answer]
            )[0]
        return seen


def _layer(network: WaferUNet) -> nn.Module:
    """The last stage of the decoder: maps of earlier ones may point at another pattern than the one asked for."""
    return cast(nn.ModuleList, network.decoder.blocks)[-1]
