"""Changes that make a hostile file of a good one: what tools, disks and people with bad intent do to files."""

import re
from collections.abc import Callable

import numpy as np

Change = Callable[[bytes, bytes, np.random.Generator], bytes]
_DIGITS = re.compile(rb"[0-9]{1,20}")
_HUGE = (b"0", b"-1", b"65536", b"2147483648", b"999999999999", b"1e308", b"nan", b"9" * 400)
_WORDS = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\x80", b"\x80\0\0\0")
_MOST_TIMES = 2000
_LONGEST = 2**16


def mutated(content: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """Change a file in one to three ways.

    Args:
        content: the file.
        other: another file, of whatever format, that parts may come from.
        rng: draws the changes.

    Returns:
        At most 64 KiB.

    Example:
        >>> mutated(b"x,y,bin", b"other", np.random.default_rng(0)) != b"x,y,bin"
        True
    """
    for _ in range(int(rng.integers(1, 4))):
        change = CHANGES[int(rng.integers(len(CHANGES)))]
        content = change(content, other, rng)[:_LONGEST]
    return content


def _place(content: bytes, rng: np.random.Generator) -> int:
    return int(rng.integers(len(content) + 1))


def _span(content: bytes, rng: np.random.Generator) -> slice:
    first, last = sorted((_place(content, rng), _place(content, rng)))
    return slice(first, last)


def flip_bits(content: bytes, _: bytes, rng: np.random.Generator) -> bytes:
    """Flip one to eight bits."""
    changed = bytearray(content)
    for _flip in range(int(rng.integers(1, 9)) if content else 0):
        changed[int(rng.integers(len(changed)))] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def truncate(content: bytes, _: bytes, rng: np.random.Generator) -> bytes:
    """Cut the end off."""
    return content[: _place(content, rng)]


def duplicate(content: bytes, _: bytes, rng: np.random.Generator) -> bytes:
    """Repeat a part, up to thousands of times."""
    span = _span(content, rng)
    times = int(rng.integers(2, _MOST_TIMES if span.stop - span.start < _LONGEST // _MOST_TIMES else 4))
    return content[: span.start] + content[span] * times + content[span.stop :]


def splice(content: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """Go on with another file."""
    return content[: _place(content, rng)] + other[_place(other, rng) :]


def insert(content: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """Put a part of another file within."""
    place = _place(content, rng)
    return content[:place] + other[_span(other, rng)] + content[place:]


def grow_number(content: bytes, _: bytes, rng: np.random.Generator) -> bytes:
    """Write a number that no file holds in the place of one that is written in digits."""
    found = list(_DIGITS.finditer(content))
    if not found:
        return content
    match = found[int(rng.integers(len(found)))]
    return content[: match.start()] + _HUGE[int(rng.integers(len(_HUGE)))] + content[match.end() :]


def grow_word(content: bytes, _: bytes, rng: np.random.Generator) -> bytes:
    """Write a number that no file holds in the place of four bytes."""
    place = _place(content, rng)
    return content[:place] + _WORDS[int(rng.integers(len(_WORDS)))] + content[place + 4 :]


def repeat_line(content: bytes, _: bytes, rng: np.random.Generator) -> bytes:
    """Repeat a line, up to thousands of times."""
    lines = content.split(b"\n")
    place = int(rng.integers(len(lines)))
    times = int(rng.integers(2, min(_MOST_TIMES, 2 + _LONGEST // (1 + len(lines[place]))) + 1))
    return b"\n".join([*lines[:place], *[lines[place]] * times, *lines[place + 1 :]])


def move_lines(content: bytes, _: bytes, rng: np.random.Generator) -> bytes:
    """Exchange two lines."""
    lines = content.split(b"\n")
    one, two = (int(rng.integers(len(lines))) for _ in range(2))
    lines[one], lines[two] = lines[two], lines[one]
    return b"\n".join(lines)


CHANGES: tuple[Change, ...] = (
    flip_bits,
    truncate,
    duplicate,
    splice,
    insert,
    grow_number,
    grow_word,
    repeat_line,
    move_lines,
)
