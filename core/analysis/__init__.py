"""The result of a wafer: its segmentation, clusters and severity together."""
