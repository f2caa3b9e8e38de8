"""Rows of cells, as text or a sheet holds them, into die tables: what is a die, and what stands around the dies.

Below the names may stand rows of units and of limits; between the dies the names again, as at the top of a page;
below them summaries. Where names stand again below lines that name another wafer, another table begins. A row that may
be a die and is not understood is refused, never left out.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from data.errors import FormatError
from data.formats.coded_columns import as_number
from data.formats.columns import Columns, find_columns, known_columns
from data.formats.die_table import kept_columns
from data.formats.lengths import unit_of
from data.formats.metadata import key_of, plain_name
from data.formats.text import header_pairs
from data.formats.verdicts import is_result

_LABEL_WORDS = """unit units uom lowlimit lowerlimit lolimit limitlow lsl ll lcl highlimit upperlimit hilimit limithigh
    usl ul hl ucl limit limits spec target nominal min max minimum maximum mean average avg median std stdev stddev
    sigma cp cpk range testnumber testnum testno testname biasconditions bias condition format type scale sum total
    count"""
_LABELS = frozenset(_LABEL_WORDS.split())
_SUMMED = frozenset(("count", "percent", "pct", "qty", "quantity", "total", "diecount", "share", "dies"))
_LONG_LABEL = 4
"""A shorter word, such as LL, beside coordinates is rather the name of a lot."""
_WORD = 3
_MOST_NAMES = 20_000


@dataclass(frozen=True)
class Row:
    """One row: its number as people count it, from 1, its cells, and the line that they were."""

    number: int
    cells: list[str]
    line: str


@dataclass
class Section:
    """One table of a file, filled row by row; its cells are kept as codes, so few bytes a row.

    Args:
        names: of the columns, all different.
        columns: which of them says what of a die.
        pairs: metadata from the lines above.
    """

    names: list[str]
    columns: Columns
    pairs: dict[str, str]
    numbers: "array[int]" = field(default_factory=lambda: array("q"))
    footer: list[str] = field(default_factory=list)
    labels: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Choose the columns to keep."""
        kept = set(kept_columns(self.names, self.columns.used()))
        self._kept = [(i, array("i"), dict[str, int]()) for i, name in enumerate(self.names) if name in kept]
        self.x, self.y = self.names.index(self.columns.x), self.names.index(self.columns.y)
        self.judged = [self.names.index(name) for name in self.columns.judged()]
        self.needed = 1 + max(self.names.index(name) for name in self.columns.used())
        self.plain = [name.strip().lower() for name in self.names]

    def add(self, row: Row) -> None:
        """Add the row of a die."""
        self.numbers.append(row.number)
        count = len(row.cells)
        for i, codes, seen in self._kept:
            codes.append(seen.setdefault(row.cells[i] if i < count else "", len(seen)))

    def table(self) -> pa.Table:
        """Return the dies as an Arrow table of text."""
        return pa.table(
            {
                self.names[i]: pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(seen, pa.string()))
                for i, codes, seen in self._kept
            }
        )

    def row_name(self, row: int) -> str:
        """Name row i as errors do."""
        return f"line {self.numbers[row]}"

    def label_units(self, cells: Sequence[str], where: str) -> None:
        """Take lengths' units from a row of units into the names of their columns.

        Raises:
            FormatError: coordinates have a unit of length, so they are places and no numbers of dies.
        """
        for i, cell in enumerate(cells[: len(self.names)]):
            unit = unit_of(cell)
            if unit and i in (self.x, self.y):
                problem = f"the row of units gives '{self.names[i]}' in {unit}, expected rows and columns of dies"
                raise FormatError(where, problem, "Export the dies' indices.")
            key = key_of(self.names[i]) if unit else None
            if key and not key[1] and key[0] in ("pitch", "pitch_row", "pitch_column", "diameter"):
                self.names[i] = f"{self.names[i]} ({unit})"


def distinct(names: Sequence[str]) -> list[str]:
    """Name columns that share a name, or have none, apart.

    Example:
        >>> distinct(["x", "", "x"])
        ['x', '#2', 'x#3']
    """
    first = {name: i for i, name in reversed(list(enumerate(names)))}
    return [name if name and first[name] == i else f"{name}#{i + 1}" for i, name in enumerate(names)]


def is_label(cells: Sequence[str]) -> bool:
    """Return whether a row is of units or limits, by the first word in it.

    Example:
        >>> is_label(["", "LowLimit", "1.1"]), is_label(["4", "0", "1"])
        (True, False)
    """
    return _first_word(cells) in _LABELS


def _first_word(cells: Sequence[str]) -> str:
    return plain_name(next((cell for cell in cells if cell.strip()), ""))


def sections(rows: Iterable[Row], first: Section, where: str) -> Iterator[Section]:
    """Part the rows below a line of names into tables.

    Args:
        rows: all below that line.
        first: the empty table that it begins.
        where: what to call the file in errors.

    Yields:
        Each table with its dies; `footer` holds the lines below them.

    Raises:
        FormatError: a row is neither a die nor anything that stands around dies.
    """
    section, closed, other, gap, named = first, "", False, False, 0
    for row in rows:
        kind, place = _kind(row, section), f"{where} line {row.number}"
        if kind == "names":
            named, gap = named + 1, False
            if named > _MOST_NAMES:
                problem = f"the names of the columns stand again more than {_MOST_NAMES} times"
                raise FormatError(place, problem, "Split it by wafer.")
            following = _next(section, row, place)
            if following is not section and section.numbers:
                yield section
            section, closed, other = following, "", False
        elif kind == "die" and not closed:
            _check_width(row, section, place)
            section.add(row)
            section.footer.clear()
            gap = False
        elif kind == "die" and not other and len(row.cells) >= section.needed:
            raise FormatError(place, f"dies go on below {closed}, which is no die", "Correct or remove that line.")
        elif kind == "blank":
            section.footer.append("")
            gap = True
        elif kind in ("other", "label"):
            if not closed and kind == "other":
                _refuse_damage(row, section, place)
            if not section.numbers:
                section.label_units(row.cells, place)
            other = other or _names_columns(row.cells, gap=gap)
            section.footer.append(row.line)
            closed = closed or (f"line {row.number}" if section.numbers else "")
    yield section


def _kind(row: Row, section: Section) -> str:
    """Return what a row is: blank (rules, too), the names again, a label of limits or units, a die, or other."""
    cells = row.cells
    x = cells[section.x] if section.x < len(cells) else ""
    y = cells[section.y] if section.y < len(cells) else ""
    if as_number(x) is not None and as_number(y) is not None:
        label = _first_word(cells)
        once = label in _LABELS and len(label) >= _LONG_LABEL and label not in section.labels
        if not once:
            return "die"
        section.labels.add(label)
        return "label"
    if not any(map(str.isalnum, row.line)):
        return "blank"
    if is_label(cells):
        return "label"
    if as_number(x) is None and as_number(y) is None and known_columns(cells) is not None:
        return "names"
    return "other"


def _refuse_damage(row: Row, section: Section, place: str) -> None:
    """Refuse a row that may be a die: a number among its coordinates, or a result without any.

    Raises:
        FormatError: the cell that is wrong is named.
    """
    cells = [*row.cells, *[""] * (len(section.names) - len(row.cells))]
    x, y = cells[section.x], cells[section.y]
    words = any(sum(map(str.isalpha, cell)) >= _WORD for cell in (x, cells[0]))
    if section.numbers and ((words and as_number(x) is None) or header_pairs([row.line])):
        return
    if as_number(x) is None and as_number(y) is None and not any(is_result(cells[i]) for i in section.judged):
        return
    _check_width(row, section, place)
    name, cell = (section.columns.x, x) if as_number(x) is None else (section.columns.y, y)
    raise FormatError(place, f"column '{name}' holds {cell[:80]!r}, expected a whole number", "Correct the cell.")


def _check_width(row: Row, section: Section, place: str) -> None:
    """Refuse a die with too few cells, or with more that say something: they may have moved.

    Raises:
        FormatError: of both kinds.
    """
    width = len(section.names)
    if len(row.cells) < section.needed or (len(row.cells) > width and any(map(str.strip, row.cells[width:]))):
        problem = f"expected {width} cells, found {len(row.cells)}: {row.line[:80]!r}"
        raise FormatError(place, problem, "Correct the line.")


def _names_columns(cells: Sequence[str], *, gap: bool) -> bool:
    """Return whether a row names the columns of another table, as a summary by bins: words below a gap, or "Count"."""
    filled = [cell for cell in cells if cell.strip()]
    words = len(filled) > 1 and all(as_number(cell) is None for cell in filled)
    return words and (gap or any(plain_name(cell) in _SUMMED for cell in filled))


def _next(section: Section, row: Row, place: str) -> Section:
    """Return the table that goes on below names that stand again: the same one, or another wafer's.

    Raises:
        FormatError: other names stand below dies, and no line between says whose they are.
    """
    names = distinct([cell.strip() for cell in row.cells])
    pairs = header_pairs(section.footer)
    columns = find_columns(names, place)
    same = [name.lower() for name in names if "#" not in name] == [name for name in section.plain if "#" not in name]
    if any(map(key_of, pairs)) or not section.numbers:
        return Section(names, columns, section.pairs | pairs)
    if not same:
        problem = "a second table of dies begins, and no line names its wafer"
        raise FormatError(place, problem, "Save one table a file, or name the wafer of each.")
    section.footer.clear()
    return section
