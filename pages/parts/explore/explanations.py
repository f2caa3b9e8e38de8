"""What is asked of the model in use to explain its answers on one wafer, kept while it is looked at."""

from core.explain.occlusion import Occlusions
from core.lake.rows import dies_hash
from core.segmentation.dropout import DropoutSegmenter
from core.segmentation.serving import model_in_use
from core.segmentation.uncertainty import Split, split
from core.settings import settings
from data.wafer import WaferMap
from pages.parts.cache import kept, segmenter


def occlusions(wafer: WaferMap) -> Occlusions:
    """Return a wafer with its failures taken away window by window, as the model in use answers it.

    Raises:
        ModelError: there is no model, or it fails.
    """
    model = segmenter()
    return kept(f"occlusions {model.name} {dies_hash(wafer)}", lambda: Occlusions(wafer, model))


def uncertainty(wafer: WaferMap) -> Split:
    """Return how unsure the model in use is of every die, (8, H, W), in its two parts.

    Raises:
        ModelError: there is no model, or it has no decoder to drop features before.
    """
    path, threads = str(model_in_use(settings())), settings().threads or None
    stamp = f"uncertainty {segmenter().name} {dies_hash(wafer)} {path}"
    return kept(stamp, lambda: split(DropoutSegmenter.load(path, threads=threads).sample([wafer])[0]))
