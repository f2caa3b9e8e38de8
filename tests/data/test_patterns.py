"""No regular expression of data/ takes more than linear time, whatever text it is held against."""

import ast
import importlib
import re
import time
from collections.abc import Iterator
from pathlib import Path
from re import _constants, _parser  # type: ignore[attr-defined]

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "data").rglob("*.py"))
CALLS = {"sub", "split", "search", "match", "fullmatch", "findall", "finditer", "subn"}
TINY, SHORT, GROWN = 30, 2000, 16
MOST_GROWTH = 80
"""Times as long for sixteen times the text: 16 for a linear pattern, 256 for a quadratic one."""
MOST_TINY = 100
"""Times as long, for a text of thirty, as finding no letter in one of two thousand: only doubling at each letter is."""
WORTH_A_LOOK = 400
"""Times as long as finding no letter in the same text: shorter is no sign of a pattern that goes back and forth."""
USUAL = (" ", "\t", ",", "_", "a", "Z", "7", ".", "-", ":", "=", "'", '"', "|", "(", "\u00e9", "a ", "7 ", ", ")


def patterns_in(value: object) -> Iterator[re.Pattern[str]]:
    """Find the patterns in a constant of a module, in its tuples and dicts too."""
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict):
        yield from patterns_in(tuple(value.values()))
    elif isinstance(value, tuple | list):
        for part in value:
            yield from patterns_in(part)


def all_patterns() -> dict[str, re.Pattern[str]]:
    found = {}
    for path in FILES:
        module = importlib.import_module(
            ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        )
        for name, value in vars(module).items():
            for number, pattern in enumerate(patterns_in(value)):
                found.setdefault((pattern.pattern, pattern.flags), (f"{module.__name__}.{name}[{number}]", pattern))
    return dict(found.values())


PATTERNS = all_patterns()


def ways_used() -> dict[str, set[str]]:
    """Find by which methods the module's code holds each constant against text, as in `_GAP.split(line)`."""
    used: dict[str, set[str]] = {}
    for path in FILES:
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in CALLS and isinstance(node.value, ast.Name):
                used.setdefault(f"{module}.{node.value.id}", set()).add(node.attr)
    return used


USED = ways_used()


def literals(pattern: re.Pattern[str]) -> list[str]:
    """List the characters, and runs of them, that a pattern names."""
    found: list[str] = []

    def walk(tokens: object) -> None:
        run = ""
        for kind, argument in tokens:  # type: ignore[attr-defined]
            if kind is _constants.LITERAL:
                run += chr(argument)
                continue
            found.append(run)
            run = ""
            if kind is _constants.IN:
                found.extend(chr(value) for one, value in argument if one is _constants.LITERAL)
            for part in argument if isinstance(argument, tuple | list) else ():
                for inner in part if isinstance(part, list) else [part]:
                    if isinstance(inner, _parser.SubPattern):
                        walk(inner)
        found.append(run)

    walk(_parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE))
    return [text for text in dict.fromkeys(found) if text]


def hostile_texts(pattern: re.Pattern[str], size: int) -> Iterator[tuple[str, str]]:
    """Yield texts that make a pattern go back and forth: a beginning, one part repeated, and an end that fails."""
    named = literals(pattern)
    units = list(dict.fromkeys([*named[:30], *USUAL]))
    starts = ["", "a:", "1", *named[:2]]
    for unit in units:
        for start in starts:
            for end in ("", "\n\0", "!x\nx"):
                yield f"{start!r} {unit!r} {end!r}", start + unit * (size // len(unit)) + end


def seconds(run, text: str, times: int = 1) -> float:
    best = float("inf")
    for _ in range(times):
        begin = time.thread_time()  # of this thread alone, whatever else the machine does
        run(text)
        best = min(best, time.thread_time() - begin)
    return best


def runs(name: str, pattern: re.Pattern[str]):
    ways = USED.get(name.partition("[")[0], set()) or {"search", "fullmatch"}
    for way in sorted(ways):
        if way in ("sub", "subn"):
            yield way, lambda text: pattern.sub("", text)
        elif way == "finditer":
            yield way, lambda text: sum(1 for _ in pattern.finditer(text))
        else:
            yield way, getattr(pattern, way)


def test_patterns_are_constants_of_their_module_so_that_they_can_be_found():
    inline = []
    for path in FILES:
        tree = ast.parse(path.read_text())
        within = {id(node) for one in ast.walk(tree) if isinstance(one, ast.FunctionDef) for node in ast.walk(one)}
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if isinstance(node.func.value, ast.Name) and node.func.value.id == "re":
                made_here = node.func.attr == "compile" and id(node) in within
                if made_here or node.func.attr in CALLS:
                    inline.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert not inline


def test_patterns_are_found():
    assert len(PATTERNS) > 50


@pytest.mark.slow
def test_a_quadratic_pattern_would_be_noticed():
    assert growth("x", re.compile(r"\s*a?\s*:"), ["fullmatch"])
    assert growth("x", re.compile(r"(?:ab|a|b)*c"), ["fullmatch"])
    assert not growth("x", re.compile(r"\s*a:"), ["fullmatch"])


def growth(name: str, pattern: re.Pattern[str], ways: list[str] | None = None) -> str:
    """Return the first text on which a pattern takes more than linear time, "" for none."""
    baseline = re.compile("[^\0-\U0010ffff]")
    usual = seconds(baseline.search, "a" * SHORT, 9)
    endless = MOST_TINY * usual
    for way, run in runs(name, pattern):
        if ways and way not in ways:
            continue
        tiny = (said for said, text in hostile_texts(pattern, TINY) if seconds(run, text) > endless)
        if doubling := next(tiny, ""):
            return f"{way} of {doubling}"
        for said, text in hostile_texts(pattern, SHORT):
            if seconds(run, text) < WORTH_A_LOOK * usual:
                continue
            longer = next(own for name, own in hostile_texts(pattern, SHORT * GROWN) if name == said)
            if seconds(run, longer) > MOST_GROWTH * seconds(run, text, 5):
                return f"{way} of {said}"
    return ""


@pytest.mark.slow
@pytest.mark.parametrize("name", PATTERNS)
def test_time_grows_with_the_text_and_no_faster(name):
    assert not growth(name, PATTERNS[name])
