from pathlib import Path

import pytest

from core.settings.setting import Setting, row
from data.errors import SettingError


@pytest.mark.parametrize(
    ("default", "text", "value"),
    [
        (False, " On ", True),
        (True, "no", False),
        (1, "7", 7),
        (0.5, "1e3", 1000.0),
        ("", "x", "x"),
        (Path(), "a", Path("a")),
    ],
)
def test_the_text_of_a_variable_becomes_the_type_of_the_default(default, text, value):
    assert Setting("one", default, "").read(text) == value


@pytest.mark.parametrize(("default", "text"), [(False, "maybe"), (1, "1.5"), (1.0, "nan"), (1.0, "inf"), (1, "0")])
def test_nonsense_names_the_variable(default, text):
    with pytest.raises(SettingError, match="WAFERSCOPE_ONE"):
        Setting("one", default, "", least=1).read(text)


def test_a_number_above_the_greatest_names_the_bounds():
    share = Setting("share", 0.2, "", 0, 1)
    assert (share.read("0"), share.read("1")) == (0.0, 1.0)
    with pytest.raises(SettingError, match=r"from 0 to 1, found '1\.1'"):
        share.read("1.1")


def test_a_row_holds_what_a_field_says_of_itself():
    assert row("words", 2) == {"help": "words", "least": 2, "most": None}
    assert row("words", 0, 1) == {"help": "words", "least": 0, "most": 1}
