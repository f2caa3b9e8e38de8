from dataclasses import dataclass

import pytest

from data.errors import WaferValueError
from jobs.command import command


@dataclass(frozen=True)
class Asked:
    """Do what is asked."""

    status: int = 0  # to end with
    trouble: str = ""  # that stands in the way


TROUBLES = {
    "wafer": WaferValueError("w.csv", "a column is missing", "Name it."),
    "disk": OSError("no space left"),
    "bug": ZeroDivisionError(),
}


@command(Asked)
def main(config: Asked) -> int:
    """Raise or return what the flags say."""
    if config.trouble:
        raise TROUBLES[config.trouble]
    return config.status


def test_the_flags_become_the_configuration_and_the_answer_the_status():
    assert main([]) == 0
    assert main(["--status", "3"]) == 3


@pytest.mark.parametrize("trouble", ["wafer", "disk"])
def test_what_people_can_do_something_about_is_a_sentence(trouble, capsys):
    assert main(["--trouble", trouble]) == 1
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"{TROUBLES[trouble]}\n")


def test_a_mistake_of_the_program_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        main(["--trouble", "bug"])


def test_flags_that_do_not_exist_end_it_as_commands_do(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--speed", "9"])
    assert end.value.code == 2
