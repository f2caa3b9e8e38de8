import pytest

from data.formats.code_words import code_list, verdict_of
from data.wafer import FAIL, OFF_WAFER, PASS


@pytest.mark.parametrize(
    ("phrase", "verdict"),
    [
        ("Good die", PASS),
        ("PASS", PASS),
        ("accepted", PASS),
        ("Fail open", FAIL),
        ("no good", FAIL),
        ("Not good", FAIL),
        ("Bad", FAIL),
        ("inked", FAIL),
        ("Edge fail", OFF_WAFER),
        ("not tested", OFF_WAFER),
        ("un-tested", OFF_WAFER),
        ("NO_DIE", OFF_WAFER),
        ("Reference", OFF_WAFER),
        ("ref. die", OFF_WAFER),
        ("Process control monitor", OFF_WAFER),
        ("PLL lock", None),
        ("refresh", None),
        ("", None),
    ],
)
def test_phrases_say_what_dies_are(phrase, verdict):
    assert verdict_of(phrase) == verdict


@pytest.mark.parametrize(
    ("text", "known", "width", "base", "keys"),
    [
        ("123456789", {"7", "X"}, 1, 0, set("123456789")),
        (".,X", {".", "X", "1"}, 1, 0, {".", "X"}),
        (".X", {".", "X", "1"}, 1, 0, {".", "X"}),
        ("1-3,A-C", {"1"}, 1, 0, set("123ABC")),
        ("1..3", {"1"}, 1, 0, set("123")),
        ("01", {"1"}, 1, 0, {"1"}),
        ("'1' '2'", {"1", "2"}, 1, 0, {"1", "2"}),
        ("-", {"-", "1"}, 1, 0, {"-"}),
        ("1", {1, 10}, 2, 16, {1}),
        ("01,0a", {1, 10}, 2, 16, {1, 10}),
        ("010A", {1, 10}, 2, 16, {1, 10}),
        ("1-A", {1, 10}, 2, 16, set(range(1, 11))),
        ("FF", {255}, 2, 16, {255}),
        ("001 002;7", {1, 2}, 3, 10, {1, 2, 7}),
        ("1-99999", {1}, 3, 10, {1, 99999}),
    ],
)
def test_lists_of_codes_are_read_in_every_writing(text, known, width, base, keys):
    assert code_list(text, known, width, base) == keys
