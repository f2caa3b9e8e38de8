import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import SettingError
from data.orientation import DIE_AXES, Corner, OrientationRule, axes_text, die_coordinates, oriented
from data.wafer import Notch, WaferMap

RULES = st.builds(OrientationRule, st.sampled_from(Corner), st.booleans(), st.sampled_from([0, 90, 180, 270]))


@given(
    rule=RULES,
    notch=st.sampled_from(Notch),
    declared=st.booleans(),
    shape=st.tuples(st.integers(1, 5), st.integers(1, 5)),
)
def test_coordinates_and_bins_travel_with_their_dies(rule, notch, declared, shape):
    bins = np.arange(1, shape[0] * shape[1] + 1, dtype=np.uint16).reshape(shape)
    wafer = WaferMap(
        dies=np.ones(shape, dtype=np.uint8),
        lot_id="L",
        wafer_id="W",
        notch=notch,
        bins=bins,
        die_pitch_mm=(2.0, 3.0),
        attributes={DIE_AXES: axes_text("right", "up", (-3, 12))},
    )
    turned = oriented(wafer, rule, axes_declared=declared)
    before, after = die_coordinates(wafer), die_coordinates(turned)
    named = {int(b): (int(x), int(y)) for b, x, y in zip(bins.flat, before[0].flat, before[1].flat, strict=True)}
    assert named == {
        int(b): (int(x), int(y)) for b, x, y in zip(turned.bins.flat, after[0].flat, after[1].flat, strict=True)
    }
    assert turned.notch == "down"
    assert turned.die_pitch_mm == ((2.0, 3.0) if _upright(notch, rule) else (3.0, 2.0))


def _upright(notch: Notch, rule: OrientationRule) -> bool:
    """Rows stay rows when an even number of quarter turns is made."""
    return (notch in (Notch.LEFT, Notch.RIGHT)) == (rule.rotate in (90, 270))


def test_a_rule_turns_clockwise_after_mirroring():
    wafer = WaferMap(dies=np.array([[1, 2, 0]], dtype=np.uint8), lot_id="L", wafer_id="W")
    assert oriented(wafer, OrientationRule(rotate=90), axes_declared=True).dies.T.tolist() == [[1, 2, 0]]
    mirrored = oriented(wafer, OrientationRule(mirror=True, rotate=90), axes_declared=True)
    assert mirrored.dies.T.tolist() == [[0, 2, 1]]


@pytest.mark.parametrize("wrong", [{"rotate": 45}, {"rotate": True}, {"origin": "middle"}, {"mirror": 1}])
def test_a_rule_that_no_grid_can_follow_is_refused(wrong):
    with pytest.raises(SettingError, match="orientation rule"):
        OrientationRule(**wrong)


def test_a_wafer_without_coordinates_has_none():
    assert die_coordinates(WaferMap(dies=np.ones((2, 2), dtype=np.uint8), lot_id="L", wafer_id="W")) is None
