"""From wafers to masks: the ONNX network, its answers, their uncertainty, and which model is served."""

from core.segmentation.segmenter import Segmentation, Segmenter

__all__ = ["Segmentation", "Segmenter"]
