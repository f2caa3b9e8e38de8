"""What the lines around a text map say of it: rows and columns, what codes mean, how many dies there are.

Words are known in any case and way of writing: "PASBIN 1", "Pass bin = 1", "NULBC=.", "X: Fail", "Gross Die: 61".
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from data.errors import FormatError
from data.formats.bin_codes import Key, code_key
from data.formats.code_words import code_list, verdict_of
from data.formats.totals import DeclaredTotals, count_of
from data.wafer import FAIL, OFF_WAFER, PASS

MAX_LINE = 500
_FILL = r"(?:total|counts?|cnt|ct|number|num|nr|no|of|the|sum|all|map|max|size)"
_SIZES = {
    "rows": re.compile(f"{_FILL}{{0,5}}n?rows?{_FILL}{{0,5}}"),
    "columns": re.compile(f"{_FILL}{{0,5}}n?col(?:umn)?s?{_FILL}{{0,5}}"),
}
_PLACES = ("row", "col", "column")  # of one die, not how many
_CODE_WORD = r"(?:bins?|codes?|chars?|characters?|symbols?|marks?|equ|bc)+"
_GOOD, _BAD = r"(?:pass?(?:ed|ing)?|good|ok)", r"(?:fail(?:ed|ing)?|bad|rej(?:ect)?(?:ed)?|ink)"
_NONE = (
    r"(?:null?|nodi|nodies?|nodice|empty|blank|off|offwafer|outside|void|skip(?:ped)?|edge|ref(?:erence)?|mirror|"
    r"untested|nottested|notprobed|unprobed|notest|ugly|dummy|pcm|align(?:ment)?|target|plug|monitor|teg|outofwafer|test(?=die|dice|chip))"
)
_CODE_NAMES = (
    (re.compile(f"bcequ|{_GOOD}die{_CODE_WORD}|{_GOOD}{_CODE_WORD}"), PASS, True),
    (re.compile(f"{_BAD}(?:die)?{_CODE_WORD}"), FAIL, True),
    (re.compile(f"(?:{_NONE}|die)?{_NONE}(?:dies?|dice|chips?)?{_CODE_WORD}|nodi"), OFF_WAFER, True),
    (re.compile(f"{_GOOD}(?:dies?|dice|chips?)?"), PASS, False),
    (re.compile(f"{_BAD}(?:dies?|dice|chips?)?"), FAIL, False),
    (re.compile(f"{_NONE}(?:dies?|dice|chips?)?"), OFF_WAFER, False),
)
_TELLING = re.compile(
    "pas|good|ok|acc|fail|bad|rej|ng|ink|scrap|defect|test|prob|measur|gross|total|count|yield|yld|row|col|size|dim|grid|"
    "bin|code|equ|bc|nu|no|un|skip|edge|ref|mirror|blank|empty|off|out|void|align|pcm|dummy|ugly|target|plug|teg|monitor|"
    "exclu|ignor|partial|control",
    re.IGNORECASE,
)  # a word of the vocabulary, or of what a legend says: most lines have none
_NUMBER = re.compile(
    r"([A-Za-z](?:[A-Za-z_.()% ]{0,29}?[A-Za-z_.()%])?)(?:\s{0,20}+[:=,;\-]\s{0,20}+|\s{1,41}+)"
    r"(\d{1,9}(?:\.\d{1,6})?)(?![\w.])"
)
_BY = re.compile(r"(?P<rows>\d{1,4})\s{0,3}[xX*]\s{0,3}(?P<columns>\d{1,4})")
_ROWS_BY_COLUMNS = re.compile(r"rowsx?col(?:umn)?s")
_WHOLE_SIZE = re.compile(r"(?:map|grid|matrix|array)(?:size|dimensions?)?")
_NO_LETTER = re.compile(r"[^a-z]")
_PAIR = re.compile(r"\s*([A-Za-z][\w .()/#-]{0,40}?)\s*[:=](.*)", re.DOTALL)
_SEGMENTS = re.compile(r"[\t;|]|,\s|\s{2,}")
_LEGEND = re.compile(
    r"(?:^|(?<=[\s,;|(\[]))(?:(?:bin|code|symbol|mark)\s{1,3})?['\"\[(<]?([^\s'\"]{1,4}?)['\"\])>]?"
    r"\s{0,20}(?:[:=]>?|->|-(?=\s))\s{0,20}((?:[A-Za-z/]{1,20}\b(?!\s{0,5}[:=])[ \-]?){1,5})",
    re.IGNORECASE,
)
_NAMED_BIN = re.compile(
    r"\s*+(?:(bin|code|symbol|mark)\s*+)?['\"\[(<]?([^\s'\"]{1,4}?)['\"\])>]?\s+([A-Za-z][A-Za-z /\-]{1,40})(.*)", re.I
)


@dataclass(frozen=True)
class MapHeader:
    """What is said around a map.

    Args:
        rows: how many the map has, None where nothing is said.
        columns: likewise.
        verdicts: PASS, FAIL or OFF_WAFER by the keys of codes.
        totals: counts of dies.
        gross: dies on the wafer, some of which may not have been tested.
    """

    rows: int | None = None
    columns: int | None = None
    verdicts: dict[Key, int] = field(default_factory=dict)
    totals: DeclaredTotals = field(default_factory=DeclaredTotals)
    gross: int | None = None

    def fits(self, shape: tuple[int, int]) -> bool:
        """Return whether rows and columns are declared and are those of a map."""
        return (self.rows, self.columns) == shape

    def check_size(self, shape: tuple[int, int], where: str) -> None:
        """Refuse a map that has not the rows and columns that are declared.

        Raises:
            FormatError: it has not.
        """
        for name, said, count in (("rows", self.rows, shape[0]), ("columns", self.columns, shape[1])):
            if said is not None and said != count:
                problem = f"the header declares {said} {name}, but the map has {count}"
                raise FormatError(where, problem, "The map is cut; export it again.")


def read_header(lines: Sequence[str], codes: Collection[str], base: int, where: str) -> MapHeader:
    """Read the lines around a map.

    Args:
        lines: all that are no row of the map.
        codes: the distinct codes of the map.
        base: of the numbers that codes are, 0 where they are characters.
        where: what to call the map in errors.

    Raises:
        FormatError: the lines say two things of one code.
    """
    lines = [line[:MAX_LINE] for line in lines if _TELLING.search(line, 0, MAX_LINE)]
    if not lines:
        return MapHeader()
    known = {code_key(code, base) for code in codes}
    width = max(map(len, codes), default=1)
    counts = _counts(lines)
    verdicts: dict[Key, int] = {}
    for keys, verdict in _said(lines, known, width, base, counts):
        for key in keys:
            if verdicts.setdefault(key, verdict) != verdict and key in known:
                words = {PASS: "passes", FAIL: "fails", OFF_WAFER: "has no result"}
                said = f"the header says that code {key!r} {words[verdicts[key]]}, and that it {words[verdict]}"
                raise FormatError(where, said, "Correct the header.")
    header = MapHeader(_whole(counts, "rows"), _whole(counts, "columns"), verdicts, gross=_whole(counts, "gross"))
    ambiguous = {key for key in ("passing", "failing") if _is_code(counts, key, known, base)}
    totals = {name: None if name in ambiguous else _whole(counts, name) for name in ("tested", "passing", "failing")}
    return replace(header, totals=DeclaredTotals(**totals, yield_share=counts.get("yield")))


def _squeezed(name: str) -> str:
    return _NO_LETTER.sub("", name.lower())


def _counts(lines: Sequence[str]) -> dict[str, float]:
    """Find the numbers of dies, rows and columns, the first of each."""
    found: dict[str, float] = {}
    for line in lines:
        if (pair := _PAIR.fullmatch(line)) and (size := _BY.fullmatch(pair[2].strip())):
            name, square = _squeezed(pair[1]), size["rows"] == size["columns"]  # which comes first is not said
            if _ROWS_BY_COLUMNS.fullmatch(name) or (square and _WHOLE_SIZE.fullmatch(name)):
                found.setdefault("rows", float(size["rows"]))
                found.setdefault("columns", float(size["columns"]))
            continue
        for match in _NUMBER.finditer(line if line.lstrip("# \t")[:1].isalpha() else ""):
            share = "%" in match[1] or line[match.end() :].lstrip().startswith("%")
            kind = _kind(match[1], share, "." in match[2])
            if not kind:
                break  # "Bin 1 Pass 81" counts one bin's dies
            number = float(match[2])
            found.setdefault(kind, number / 100 if kind == "yield" and (share or number > 1) else number)
    return found


def _kind(name: str, share: bool, broken: bool) -> str:
    """Return what a number counts by its name; "" for anything else, and for shares that are no yield."""
    squeezed = _squeezed(name)
    sized = next((kind for kind, words in _SIZES.items() if words.fullmatch(squeezed) and squeezed not in _PLACES), "")
    kind = sized or count_of(name) or ""
    if share and kind in ("passing", "yield"):
        return "yield"
    if kind == "tested" and "test" not in squeezed:
        kind = "gross"  # a total may hold dies that were not tested
    return kind if broken == (kind == "yield") and not share else ""


def _whole(counts: dict[str, float], name: str) -> int | None:
    number = counts.get(name)
    return int(number) if number is not None and number.is_integer() else None


def _is_code(counts: dict[str, float], name: str, known: Collection[Key], base: int) -> bool:
    """Return whether a value is a code ("Good die: 1") and no count ("Good die: 57")."""
    own = {str(kind): _whole(counts, kind) for kind in ("passing", "failing") if kind in counts}
    number = own.get(name)
    if number is None or any(code_key(str(each), base) not in known for each in own.values()):
        return False
    sums = [_whole(counts, "tested"), _whole(counts, "gross")]
    return len(own) < 2 or sum(each or 0 for each in own.values()) not in sums


def _said(
    lines: Sequence[str], known: Collection[Key], width: int, base: int, counts: dict[str, float]
) -> Iterator[tuple[set[Key], int]]:
    """Yield codes and what is said of them."""
    for line in lines:
        whole = _named(line, known, width, base, counts)
        if whole:
            yield whole
            continue
        for part in _SEGMENTS.split(line):
            if said := _named(part, known, width, base, counts):
                yield said
        yield from _legend(line, known, base)


def _named(
    line: str, known: Collection[Key], width: int, base: int, counts: dict[str, float]
) -> tuple[set[Key], int] | None:
    """Read a line that names the codes of a kind: "PASBIN 1", "Edge die: E"."""
    for name, text in _splits(line):
        squeezed = "" if any(map(str.isdigit, name)) else _squeezed(name)
        for words, verdict, sure in _CODE_NAMES:
            if not words.fullmatch(squeezed) or not text.strip():
                continue
            keys = code_list(text, known, width, base)
            if sure:
                return keys, verdict
            number = text.strip().isdecimal()
            counted = {PASS: "passing", FAIL: "failing"}.get(verdict, "")
            if all(key in known for key in keys) and (
                not number or (counted and _is_code(counts, counted, known, base))
            ):
                return keys, verdict
            break
    return None


def _splits(line: str) -> Iterator[tuple[str, str]]:
    """Yield the ways to part a line into a name and a text."""
    if pair := _PAIR.fullmatch(line):
        yield pair[1], pair[2]
        return
    words = line.split(None, 4)
    names = next((n for n, word in enumerate(words[:4]) if not word.isalpha()), 4)
    for count in range(min(names, len(words) - 1), 0, -1):
        if words[0][:1].isalpha():
            yield " ".join(words[:count]), " ".join(words[count:])


def _legend(line: str, known: Collection[Key], base: int) -> Iterator[tuple[set[Key], int]]:
    """Read "1 = Pass  X = Fail", "* : not tested", "Bin 1 Pass 81"."""
    found = False
    for match in _LEGEND.finditer(line):
        verdict = verdict_of(match[2])
        if verdict is not None and code_key(match[1], base) in known:
            found = True
            yield {code_key(match[1], base)}, verdict
    named = None if found else _NAMED_BIN.fullmatch(line)
    if named and code_key(named[2], base) in known and (named[1] or not named[2].isalnum() or named[4].strip()):
        verdict = verdict_of(named[3])
        if verdict is not None:
            yield {code_key(named[2], base)}, verdict
