"""What the codes of a text map mean: the header's word first, then usage, then the counts that the header declares.

A code that nobody explains and that is no number is a die without a result, and it is said so: it is never a fail that
nobody measured. Where declared counts tell, they decide: of 61 gross dies, 57 that pass and 4 that fail, 28 stars are
not tested.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice, product

import numpy as np

from data.formats.bin_codes import CodeGrid, bin_number, code_key, dies_text
from data.formats.code_words import verdict_of
from data.formats.map_header import MapHeader
from data.formats.map_outline import is_round, rim_of
from data.formats.totals import DeclaredTotals
from data.wafer import FAIL, OFF_WAFER, PASS

NO_DIE = "._-@~ "
_MARKS = frozenset("SMERTNUKIZ")  # skip, mirror, edge, reference, test, not tested, untested, ...
_MANY_LETTERS, _TRIED, _MOST_LISTED = 4, 2187, 8
_RIM_SHARE, _OWN_SHARE, _LEAST_RIM = 0.9, 0.8, 8
_WORDS = {OFF_WAFER: "dies without a result", PASS: "passing dies", FAIL: "failing dies"}


@dataclass(frozen=True)
class CodeUsage:
    """How a kind of file writes codes.

    Args:
        base: of the numbers that codes are, 0 where codes are characters.
        no_result: keys of codes that stand for dies without a result by the format's own convention.
        zero_is_no_die: a code of zeros is no die.
    """

    base: int
    no_result: frozenset[int | str] = frozenset()
    zero_is_no_die: bool = True


def explain_codes(grid: CodeGrid, header: MapHeader, usage: CodeUsage) -> tuple[dict[str, int], list[str]]:
    """Return what every code means, OFF_WAFER, PASS or FAIL, and a sentence for each that had to be guessed.

    Args:
        grid: the map.
        header: what the file says around it.
        usage: how such files write codes.
    """
    meanings: dict[str, int] = {}
    open_codes: dict[str, int] = {}
    has_good = PASS in header.verdicts.values()
    for code in grid.codes:
        said = header.verdicts.get(code_key(code, usage.base))
        if said is not None:
            meanings[code] = said
            continue
        meanings[code], sure = _usual(code, grid, usage, has_good)
        if not sure:
            open_codes[code] = meanings[code]
    if not has_good and FAIL in header.verdicts.values() and PASS not in meanings.values():
        plain = [code for code in grid.codes if meanings[code] == FAIL and code not in open_codes]
        open_codes |= {c: PASS for c in plain if code_key(c, usage.base) not in header.verdicts}
        meanings |= open_codes
    open_codes |= _outside_and_rim(grid, meanings, header, usage)
    meanings |= open_codes
    return _by_totals(grid, meanings, open_codes, header, usage)


def _usual(code: str, grid: CodeGrid, usage: CodeUsage, has_good: bool) -> tuple[int, bool]:
    """Return what a code means by usage, and whether that is sure."""
    key = code_key(code, usage.base)
    if not code.strip(NO_DIE) or key in usage.no_result or (code[0] == "-" and code[1:].isdecimal()):
        if code == " " or " " not in grid.codes:
            return OFF_WAFER, True
        known = has_good or any(other == "P" or other.lstrip("0") == "1" for other in grid.codes)
        return (OFF_WAFER if known else PASS), False  # marks on a wafer that blanks surround are dies
    if not code.strip("0"):
        marks_no_die = any(not other.strip(NO_DIE) for other in grid.codes)
        return (OFF_WAFER, not marks_no_die) if usage.zero_is_no_die else (FAIL, True)
    if isinstance(key, int) or code.isdecimal():
        return (PASS if bin_number(code, usage.base or 10) == 1 and not has_good else FAIL), True
    if code.strip("P") == "":
        return PASS if not has_good else FAIL, not has_good
    if len(code) > 1 and len(set(code)) > 1 and code.isalpha() and (verdict := verdict_of(code)) is not None:
        return verdict, True
    if not code.isalnum():
        return OFF_WAFER, False
    letters = {other for other in grid.codes if len(other) == 1 and other.isalpha()} - {"P", "F", "X"}
    if code[0].upper() in _MARKS and len(set(code)) == 1:
        return (FAIL if len(letters) >= _MANY_LETTERS else OFF_WAFER), False
    return FAIL, True


def _outside_and_rim(
    grid: CodeGrid, meanings: Mapping[str, int], header: MapHeader, usage: CodeUsage
) -> dict[str, int]:
    """Find a code that fills the corners around a round wafer, and a letter that is its whole rim."""
    found: dict[str, int] = {}
    corner = grid.corners[0]
    told = {code for code in grid.codes if code_key(code, usage.base) in header.verdicts}
    outer = set(grid.corners) == {corner} and corner not in told and meanings[corner] == FAIL
    if outer and is_round(grid.places != grid.codes.index(corner)):
        found[corner] = OFF_WAFER
    letters = [c for c in grid.codes if c.isalpha() and c not in told and c not in found and meanings[c] == FAIL]
    outside = [code for code in grid.codes if not code.strip(NO_DIE) or not code.strip("0") or code in found]
    if letters and outside:
        place_of = {code: place for place, code in enumerate(grid.codes)}
        rim = rim_of(~np.isin(grid.places, [place_of[code] for code in outside]))
        at_rim = np.bincount(grid.places[rim], minlength=len(place_of))
        for code in letters:
            if at_rim[place_of[code]] >= max(_LEAST_RIM, _RIM_SHARE * at_rim.sum(), _OWN_SHARE * grid.counts[code]):
                found[code] = OFF_WAFER
    return found


def _by_totals(
    grid: CodeGrid, meanings: dict[str, int], open_codes: Mapping[str, int], header: MapHeader, usage: CodeUsage
) -> tuple[dict[str, int], list[str]]:
    """Let declared counts decide what the open codes mean; say what they leave open."""
    totals = _tested_totals(header)
    if totals == DeclaredTotals():
        if not open_codes and PASS in meanings.values():
            return meanings, []
        return meanings, _nothing_passes(grid, meanings, header) + _guessed(list(open_codes), meanings, grid)
    letters = [c for c in grid.codes if len(c) == 1 and c.isalpha() and c not in open_codes and c not in "PF"]
    tried = [*open_codes, *(c for c in letters if meanings[c] == FAIL and c not in header.verdicts)]
    choices = [[meanings[c], *(v for v in (OFF_WAFER, FAIL, PASS) if v != meanings[c])] for c in tried]
    fitting = []
    for chosen in islice(product(*choices), _TRIED):
        own = meanings | dict(zip(tried, chosen, strict=True))
        if totals.fits(*_passing_failing(grid, own)):
            fitting.append(own)
    if fitting:
        unsure = [c for c in tried if c in open_codes and len({own[c] for own in fitting}) > 1]
        return fitting[0], _guessed(unsure, fitting[0], grid)
    whole = totals.passing and (totals.failing is not None or totals.tested is not None)
    if PASS not in header.verdicts.values() and whole:
        for own, good in _other_good_codes(grid, meanings, usage):
            if totals.fits(*_passing_failing(grid, own)):
                words = f"The header does not say which code passes; by its counts {good!r} does."
                return own, [words, *_guessed(list(open_codes), own, grid)]
    return meanings, _guessed(list(open_codes), meanings, grid)


def _nothing_passes(grid: CodeGrid, meanings: Mapping[str, int], header: MapHeader) -> list[str]:
    """Doubt a map in which everything fails because no code is known to pass."""
    if PASS in meanings.values() or PASS in header.verdicts.values():
        return []
    failing = sum(grid.counts[code] for code in grid.codes if meanings[code] == FAIL)
    return [f"Nothing says which code passes, and none is 1 or P; {dies_text(failing)} read as failing."]


def _tested_totals(header: MapHeader) -> DeclaredTotals:
    """Return the declared counts; gross dies are tested dies unless passing and failing ones add up to less."""
    totals = header.totals
    if totals.tested is not None or header.gross is None:
        return totals
    if totals.passing is not None and totals.failing is not None:
        return totals
    return replace(totals, tested=header.gross)


def declared_totals(header: MapHeader, meanings: Mapping[str, int], grid: CodeGrid) -> DeclaredTotals:
    """Return the counts to hold the dies against; gross dies may be those with and without a result."""
    totals = _tested_totals(header)
    placed = sum(
        count for code, count in grid.counts.items() if meanings[code] != OFF_WAFER or code.strip(NO_DIE + "0")
    )
    if header.totals.tested is None and totals.tested == placed != sum(_passing_failing(grid, meanings)):
        return header.totals
    return totals


def _other_good_codes(
    grid: CodeGrid, meanings: Mapping[str, int], usage: CodeUsage
) -> Iterable[tuple[dict[str, int], str]]:
    plain = [code for code in grid.codes if meanings[code] != OFF_WAFER and code != "F"]
    for good in plain:
        yield {**meanings, **dict.fromkeys(plain, FAIL), good: PASS}, good


def _passing_failing(grid: CodeGrid, meanings: Mapping[str, int]) -> tuple[int, int]:
    passing, failing = (sum(n for code, n in grid.counts.items() if meanings[code] == v) for v in (PASS, FAIL))
    return passing, failing


def _guessed(codes: Iterable[str], meanings: Mapping[str, int], grid: CodeGrid) -> list[str]:
    """Return how codes that nothing explains are read, a sentence a meaning."""
    said = []
    for meaning, words in _WORDS.items():
        own = [f"{code!r} ({dies_text(grid.counts[code])})" for code in codes if meanings[code] == meaning]
        if own:
            listed = ", ".join(own[:_MOST_LISTED]) + (", ..." if len(own) > _MOST_LISTED else "")
            said.append(f"The header does not explain {listed}; read as {words}.")
    return said
