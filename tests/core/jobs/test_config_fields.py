from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.jobs.config_fields import command_words, config_fields
from core.training.config import TrainConfig
from jobs.flags import parse


class Fruit(StrEnum):
    APPLE = "apple"
    PEAR = "pear"


@dataclass(frozen=True)
class Basket:
    """Carry fruit."""

    files: tuple[str, ...]
    size: Literal["small", "large"] = "small"  # of the basket
    fruit: Fruit = Fruit.APPLE
    weights: tuple[int, ...] = (1, 2)  # grams, each
    home: Path | None = None
    from_: str = ""  # where it comes from
    cold: bool = True  # keep cold


def test_fields_are_described_as_the_dataclass_has_them():
    found = {f.name: f for f in config_fields(Basket)}
    assert list(found) == ["files", "size", "fruit", "weights", "home", "from_", "cold"]
    assert (found["files"].required, found["files"].several, found["files"].kind) == (True, True, str)
    assert (found["size"].choices, found["size"].help, found["size"].default) == (
        ("small", "large"),
        "of the basket",
        "small",
    )
    assert (found["fruit"].kind, found["fruit"].choices) == (Fruit, (Fruit.APPLE, Fruit.PEAR))
    assert (found["weights"].kind, found["weights"].several, found["weights"].default) == (int, True, (1, 2))
    assert (found["home"].kind, found["home"].default) == (Path, None)
    assert (found["from_"].flag, found["cold"].kind) == ("--from", bool)


def test_every_setting_of_training_says_what_it_does():
    assert [f.name for f in config_fields(TrainConfig) if len(f.help) < 8] == []


def test_other_types_are_refused():
    @dataclass
    class Odd:
        when: dict[str, int]

    with pytest.raises(TypeError, match=r"flags of type .* are not supported"):
        config_fields(Odd)


@settings(max_examples=20)
@given(
    st.fixed_dictionaries(
        {
            "steps": st.integers(1, 10**6),
            "rate": st.floats(1e-6, 1.0),
            "few_shot": st.booleans(),
            "encoder": st.sampled_from(["resnet18", "resnet50"]),
            "real": st.lists(st.from_regex(r"[a-z]{1,9}\.npz", fullmatch=True), max_size=3).map(tuple),
            "decoder_channels": st.lists(st.integers(1, 512), min_size=1, max_size=5).map(tuple),
            "from_": st.sampled_from(["", "served", "a b.ckpt"]),
        }
    )
)
def test_words_of_the_command_line_are_read_back_as_they_were_meant(values):
    assert parse(TrainConfig, command_words(TrainConfig, values), job="train") == TrainConfig(**values)
