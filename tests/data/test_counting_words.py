import pytest

from data.counting_words import counted


@pytest.mark.parametrize(
    ("number", "words", "said"),
    [
        (0, ("die",), "0 dies"),
        (1, ("die",), "1 die"),
        (1234, ("die",), "1,234 dies"),
        (1, ("wafer is", "wafers are"), "1 wafer is"),
        (2, ("wafer is", "wafers are"), "2 wafers are"),
    ],
)
def test_the_word_follows_the_number(number, words, said):
    assert counted(number, *words) == said
