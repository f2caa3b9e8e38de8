import pytest

from benchmarks.editor import DEFECTS, GESTURES, crowded_wafer, frame_times


@pytest.mark.browser
def test_each_gesture_is_timed_frame_by_frame(browser):
    found = frame_times(browser, frames=3)
    assert list(found) == list(GESTURES)
    # The browser's clock ticks each tenth of a millisecond: a frame may be over within one.
    assert all(len(times) == 3 and max(times) > 0 for times in found.values())


def test_the_crowded_wafer_has_a_hundred_defects_of_failing_dies():
    wafer, label = crowded_wafer()
    assert len(label.kept) == DEFECTS
    assert all(wafer.failing[i.dies[:, 0], i.dies[:, 1]].all() for i in label.kept)
