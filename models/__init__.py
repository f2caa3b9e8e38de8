"""Torch: networks, losses, training batches and export; `models/weights/` holds the shipped ONNX file."""
