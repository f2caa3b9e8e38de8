"""Which failing dies an answer rests on, by Grad-CAM: asked of the network's features and not of the failures."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.explain.attribution import Attribution, shared_out
from core.segmentation.network import ModelMetadata
from core.segmentation.pyramid import View, fuse, views
from data.classes import CLASS_INDEX
from data.errors import check_training_packages
from data.raster import cell_sums
from data.wafer import WaferMap

if TYPE_CHECKING:
    from models.activation_maps import ActivationMaps

METHOD = (
    "Grad-CAM (Selvaraju et al., ICCV 2017), of a cluster with gradients in their place (HiResCAM, Draelos and Carin, "
    "2020), of the network that is served, in float32"
)
EVEN_SHARE = 0.5


@dataclass(frozen=True, eq=False)
class Activation(Attribution):
    """What an answer rests on, by Grad-CAM.

    Args:
        map: float32 (H, W) from 0 to 1, how much what the network sees there raised the answer against the most that
            anything did; 0 off the wafer, and everywhere where nothing raised it.
    """

    map: NDArray[np.float32]


class Activations:
    """Explains the answers of a served model, whose network is rebuilt in torch.

    Args:
        maps: of that network.
        metadata: of the model.
    """

    def __init__(self, maps: "ActivationMaps", metadata: ModelMetadata) -> None:
        self._maps, self._metadata = maps, metadata

    @classmethod
    def load(cls, model: Path, metadata: ModelMetadata) -> "Activations":
        """Rebuild the network; the first time this imports torch, which takes seconds.

        Args:
            model: the ONNX file that is served.
            metadata: what it says of itself.

        Raises:
            ModelError: no network can be made of it.
            TrainingMissingError: torch is not installed.
        """
        check_training_packages("Grad-CAM")
        from models.activation_maps import ActivationMaps

        return cls(ActivationMaps.load(model), metadata)

    def of_class(self, wafer: WaferMap, class_key: str) -> Activation:
        """Return what the answer rests on that this class is on the wafer, by its logits pooled over failing dies."""
        view, picture = self._look(wafer, class_key)
        return self._on_dies(wafer, view, self._maps.of_class(picture, CLASS_INDEX[class_key]))

    def of_dies(self, wafer: WaferMap, class_key: str, dies: NDArray[np.intp]) -> Activation:
        """Return what the answer rests on that these dies belong to this class, by their mean logit.

        Args:
            wafer: that the dies are on.
            class_key: the class.
            dies: (n, 2) rows and columns of failing dies, a cluster's.
        """
        view, picture = self._look(wafer, class_key)
        chosen = np.zeros((1, *wafer.dies.shape), dtype=np.float32)
        chosen[0, dies[:, 0], dies[:, 1]] = 1
        weights = self._metadata.raster.draw(cell_sums(chosen, view.block), view.size)[0]
        return self._on_dies(wafer, view, self._maps.of_pixels(picture, CLASS_INDEX[class_key], weights))

    def _look(self, wafer: WaferMap, class_key: str) -> tuple[View, NDArray[np.float32]]:
        """The look at the wafer that is believed more for this class, and its picture (3, S, S)."""
        raster = self._metadata.raster
        fine, *coarse = views(wafer.dies, raster)
        believed = coarse[0] if coarse and self._metadata.fine_share[CLASS_INDEX[class_key]] < EVEN_SHARE else fine
        return believed, raster.draw(believed.planes, believed.size)

    def _on_dies(self, wafer: WaferMap, view: View, pixels: NDArray[np.float32]) -> Activation:
        """Bring a map (S, S) of a look's picture onto the die grid."""
        cells = self._metadata.raster.per_cell(pixels[None], view.planes.shape[1:])
        dies = fuse([view], [cells], wafer.dies.shape, self._metadata.fine_share)[0] * wafer.on_wafer
        seen = np.asarray(dies / max(float(dies.max()), np.finfo(np.float32).tiny), dtype=np.float32)
        return Activation(shared_out(seen.astype(np.float64), wafer.failing), seen)
