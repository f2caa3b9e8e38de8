"""The words by which headers, legends and bin definitions say what a code means, and the lists of codes they give."""

import re
from collections.abc import Collection

from data.formats.bin_codes import Key, code_key
from data.wafer import FAIL, OFF_WAFER, PASS

_MEANING = re.compile(
    r"\b(?:"
    r"(?P<fail>(?:no[tn]?[ -]good|ng|fail|bad|reject|scrap|ink(?:ed)?\b|defect)[a-z]*)"
    r"|(?P<none>(?:un[ -]?(?:tested|probed|used|known)|"
    r"(?:not|no|never|non)[ -]?(?:tested|probed|die|dice|chip|test|probe|device|used|result)|"
    r"skip|edge|ref(?:erence)?\b|null|mirror|blank|empty|outside|off|out\b|align|pcm|dummy|ugly|target|plug|teg\b|"
    r"monitor|exclu|ignore|void|partial|process control)[a-z]*)"
    r"|(?P<good>pass[a-z]*|good|ok|okay|accept[a-z]*)"
    r")\b",
    re.IGNORECASE,
)
_PARTS = re.compile(r"[,;|/\s]+")
_RANGE = re.compile(r"([0-9A-Za-z]{1,5})\s*(?:-|\.\.|~)\s*([0-9A-Za-z]{1,5})")
_MAX_RANGE, _MOST_RANGES = 10_000, 16


def verdict_of(phrase: str) -> int | None:
    """Return what a phrase says of dies: PASS, FAIL, OFF_WAFER for no die or no result; None when it says nothing.

    Example:
        >>> verdict_of("Good die"), verdict_of("Fail open"), verdict_of("not tested"), verdict_of("PLL lock")
        (1, 2, 0, None)
    """
    match = _MEANING.search(phrase.replace("_", " "))
    if match is None:
        return None
    return {"good": PASS, "fail": FAIL, "none": OFF_WAFER}[match.lastgroup or ""]


def code_list(text: str, known: Collection[Key], width: int, base: int) -> set[Key]:
    """Read a list of codes: parted by commas or blanks, as ranges, or close together.

    Args:
        text: "1,2 5-7", "01 07", "123456789", ".,X".
        known: keys of the codes that the map holds.
        width: characters of a code of the map.
        base: of the numbers that codes are, 0 where they are characters.

    Returns:
        Keys of the codes; those that the map does not hold are among them.

    Example:
        >>> sorted(code_list("1-3,7", {"1", "7"}, 1, 0)), sorted(code_list("0107", {1}, 2, 16))
        (['1', '2', '3', '7'], [1, 7])
    """
    text = text.strip()
    bare = text.strip("'\"()[]{}") or text
    if code_key(bare, base) in known:
        return {code_key(bare, base)}
    ranged = _RANGE.sub(lambda match: f" {match[1]}..{match[2]} ", bare) if width > 1 or "-" not in known else bare
    words = [word.strip("'\"()[]{}") or word for word in _PARTS.split(ranged) if word]
    found: set[Key] = set()
    ranges = 0
    for word in words:
        first, dots, last = word.partition("..")
        bare = word.lstrip("0") if width == 1 else ""
        if dots and first and last and ranges < _MOST_RANGES:
            ranges += 1
            found |= _range(first, last, width, base)
        elif bare in known and word.isdecimal():
            found.add(bare)
        elif (
            code_key(word, base) in known or len(word) <= width or len(word) % width or (len(words) > 1 and width == 1)
        ):
            found.add(code_key(word, base))
        else:
            found |= {code_key(word[at : at + width], base) for at in range(0, len(word), width)}
    return found


def _range(first: str, last: str, width: int, base: int) -> set[Key]:
    if width == 1:
        ends = (ord(first), ord(last)) if len(first) == len(last) == 1 else (0, -1)
        return {code_key(chr(number), base) for number in range(ends[0], ends[1] + 1)}
    low, high = code_key(first, base), code_key(last, base)
    if isinstance(low, int) and isinstance(high, int) and high - low < _MAX_RANGE:
        return set(range(low, high + 1))
    return {low, high}
