"""The bottom layer: the wafer value, defect classes, errors, file formats, synthesis, splits and datasets."""
