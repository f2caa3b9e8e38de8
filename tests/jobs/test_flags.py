from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

import pytest

from jobs.flags import parse


class Speed(StrEnum):
    FAST = "fast"
    SLOW = "slow"


@dataclass(frozen=True)
class Config:
    """Does a thing with files.

    This second paragraph is for readers of the code.
    """

    paths: tuple[Path, ...]  # files # to read, 50% of them
    out: Path  # where to write
    sizes: tuple[int, ...] = (1, 2)  # sides in dies
    rate: float = 0.5  # learning rate
    seed: int | None = None  # of everything
    kind: Literal["a", "b"] = "a"  # which one
    speed: Speed = Speed.SLOW  # how fast
    deep: bool = False  # look deeper


def test_without_flags_the_defaults_hold():
    assert parse(Config, ["--out", "o"]) == Config((), Path("o"))


def test_every_kind_of_field_is_read():
    words = "x y --out o --sizes 3 4 5 --rate 1e-3 --seed 7 --kind b --speed fast --deep"
    assert parse(Config, words.split(" ")) == Config(
        (Path("x"), Path("y")), Path("o"), (3, 4, 5), 0.001, 7, "b", Speed.FAST, deep=True
    )


def test_help_is_the_docstring_and_the_comments(capsys):
    with pytest.raises(SystemExit, match="0"):
        parse(Config, ["--help"])
    shown = " ".join(capsys.readouterr().out.split())
    for words in (
        "python -m jobs.test_flags",
        "Does a thing with files.",
        "files # to read, 50% of them",
        "sides in dies (default: 1 2)",
        "learning rate (default: 0.5)",
        "how fast (default: slow)",
    ):
        assert words in shown
    assert "second paragraph" not in shown


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["x"], "required: --out"),
        (["--out", "o", "--kind", "c"], "invalid choice: 'c'"),
        (["--out", "o", "--seed", "one"], "invalid int value: 'one'"),
        (["--out", "o", "--see", "1"], "unrecognized arguments: --see"),
    ],
)
def test_words_that_do_not_fit_end_with_status_2_and_a_reason(words, said, capsys):
    with pytest.raises(SystemExit, match="2"):
        parse(Config, words)
    assert said in capsys.readouterr().err


def test_a_type_that_cannot_be_a_flag_is_the_programmers_error():
    @dataclass(frozen=True)
    class Odd:
        table: dict[str, int]

    with pytest.raises(TypeError, match="are not supported"):
        parse(Odd, [])


def test_flags_of_earlier_versions_say_what_today_s_do():
    @dataclass(frozen=True)
    class Today:
        tta: bool = False
        clusters: int | None = None

    assert parse(Today, ["--careful", "--families", "5"]) == parse(Today, ["--tta", "--clusters=5"])
    assert parse(Today, ["--no-careful"]) == Today()
