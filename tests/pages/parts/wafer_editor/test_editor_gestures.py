"""Mouse, pen and fingers as strokes, panning and pinching, in the browser."""

import pytest

pytestmark = pytest.mark.browser
POINTERS = """
    const canvas = document.createElement("canvas"), told = [];
    canvas.setPointerCapture = () => {};
    const kept = { pan: 2, pinch: 1 }, hand = {};
    for (const name of ["begin", "move", "end", "cancel", "hover", "pan", "pinch"])
      hand[name] = (...rest) => told.push([name, ...rest.slice(0, kept[name] ?? 0)]);
    new m.Gestures(canvas, hand);
    for (const [what, pointerType, pointerId, clientX, clientY] of x)
      canvas.dispatchEvent(new PointerEvent(`pointer${what}`, { pointerType, pointerId, clientX, clientY }));
    return told;"""


def test_two_fingers_move_and_zoom_and_take_back_what_the_first_began(js):
    said = js(
        "gestures",
        POINTERS,
        [
            ("down", "touch", 1, 0, 0),
            ("down", "touch", 2, 10, 0),
            ("move", "touch", 2, 20, 0),
            ("up", "touch", 1, 0, 0),
            ("move", "touch", 2, 90, 0),
            ("up", "touch", 2, 20, 0),
        ],
    )
    assert said == [["begin"], ["cancel"], ["pan", 5, 0], ["pinch", 2], ["pan", 70, 0]]


@pytest.mark.parametrize("palm_first", [False, True])
def test_the_palm_of_the_hand_that_holds_the_pen_neither_draws_nor_stops_the_stroke(js, palm_first):
    palm, pen = ("down", "touch", 1, 50, 50), ("down", "pen", 2, 0, 0)
    said = js(
        "gestures",
        POINTERS,
        [
            *((palm, pen) if palm_first else (pen, palm)),
            ("move", "touch", 1, 51, 50),
            ("move", "pen", 2, 9, 9),
            ("up", "pen", 2, 9, 9),
            ("up", "touch", 1, 51, 50),
            ("down", "touch", 3, 0, 0),
            ("move", "touch", 3, 4, 2),
        ],
    )
    # Where a pen was seen, a finger of its own moves the map.
    assert said == [*([["begin"], ["cancel"]] if palm_first else []), ["begin"], ["move"], ["end"], ["pan", 4, 2]]
