"""What every job does alike: flags in, an exit status out, and errors as sentences."""

import sys
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Protocol, TypeVar

from core.settings import settings
from core.storage.home import open_home
from data.errors import WaferError, check_training_packages
from data.full_disk import full_disk
from data.masking import mask_logs, masked
from jobs.flags import module_of, parse

Config = TypeVar("Config")


class Command(Protocol):
    """A job as the command line calls it."""

    def __call__(self, argv: Sequence[str] | None = None) -> int:
        """Run the job with the words after the command's name, None for those of this process; gives the status."""


def command(
    config: type[Config], *, name: str = "", trains: bool = False
) -> Callable[[Callable[[Config], int]], Command]:
    """Make a command of what a job does with its configuration.

    An error that people can do something about is printed, and the status is 1.

    Args:
        config: the dataclass that holds the flags.
        name: of the job, where the dataclass is of another file.
        trains: whether the job needs the packages of training. Its file must import them inside functions alone, so
            that a sentence says where they are missing.

    Example:
        >>> from dataclasses import dataclass
        >>> @dataclass(frozen=True)
        ... class Half:
        ...     number: int = 2
        >>> @command(Half)
        ... def main(config: Half) -> int:
        ...     return config.number // 2
        >>> main(["--number", "8"])
        4
    """

    def of(work: Callable[[Config], int]) -> Command:
        @wraps(work)
        def main(argv: Sequence[str] | None = None) -> int:
            given = parse(config, argv, job=name)
            mask_logs()
            try:
                if trains:
                    check_training_packages(module_of(config, name))
                if hasattr(given, "home"):
                    at = settings().at(given.home)
                    open_home(at.home, at.database_place)
                return work(given)
            except (WaferError, OSError) as error:
                print(full_disk(error) or masked(str(error)), file=sys.stderr)
                return 1
            except Exception as error:
                sentence = full_disk(error)
                if not sentence:
                    raise
                print(sentence, file=sys.stderr)
                return 1

        return main

    return of
