import errno
import sqlite3

import duckdb
import pytest

from data.errors import AppDatabaseError, ModelError
from data.full_disk import full_disk


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "The disk is full: /x/y could not be written. Nothing half-written is kept. Free some space"),
        (errno.EDQUOT, "The disk is full for this account, whose quota is used up: /x/y could not be written"),
        (errno.EROFS, "The disk can only be read: /x/y could not be written"),
    ],
)
def test_a_disk_that_takes_no_more_is_said_with_what_to_do(number, words):
    assert full_disk(OSError(number, "any", "/x/y")).startswith(words)


@pytest.mark.parametrize(
    "error",
    [
        sqlite3.OperationalError("database or disk is full"),
        duckdb.IOException("IO Error: Could not write file: No space left on device"),
        OSError("[Errno 28] Error writing bytes to file. Detail: [errno 28] No space left on device"),
        RuntimeError("[Errno 28] No space left on device"),
    ],
)
def test_it_is_known_by_its_words_where_it_has_no_number(error):
    assert full_disk(error).startswith("The disk is full: what was to be kept could not be written.")


def test_it_is_known_below_other_errors():
    below = OSError(errno.ENOSPC, "any", "/x")
    for error in (AppDatabaseError("a", "b", "c"), ModelError("a", "b", "c")):
        error.__cause__ = below
        assert full_disk(error).startswith("The disk is full: /x")


@pytest.mark.parametrize(
    "error", [ValueError("full"), FileNotFoundError(2, "no such file"), OSError(5, "any"), KeyError(28)]
)
def test_other_errors_are_none_of_it(error):
    assert full_disk(error) == ""
