import numpy as np
from hypothesis import given
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco

from core.labels.run_lengths import coco_run_lengths


@given(hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9)))
def test_cocos_own_reader_finds_the_same_mask(mask):
    said = coco_run_lengths(mask)
    assert said["size"] == list(mask.shape)
    read = coco.decode(coco.frPyObjects(said, *said["size"]))
    assert np.array_equal(read.astype(bool), mask)
