"""A file of wafers with one label each."""

import numpy as np


def write_labelled(path, count, seed):
    """Wafers of which every other one fails in the middle, in the layout of one label a wafer."""
    rng = np.random.default_rng(seed)
    maps = np.ones((count, 12, 12), dtype=np.uint8)
    maps[rng.random(maps.shape) < 0.05] = 2
    maps[::2, 4:8, 4:8] = 2
    labels = np.arange(count) % 2
    np.savez(
        path,
        flat=maps.reshape(-1),
        offsets=np.arange(count + 1) * 144,
        shapes=np.full((count, 2), 12),
        labels=labels,
        class_names=np.array(["Center", "None"]),
    )
