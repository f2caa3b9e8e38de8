"""The checklists of CONTRIBUTING.md: what belongs together is there as a whole, wherever in the tree its parts lie."""

import ast
import importlib
import io
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from core.alarms.store import RuleKind, rules
from core.database import AppDatabase
from data.classes import BUILT_IN
from data.formats.options import ReadOptions
from data.formats.registry import READERS, Reader, choose_reader
from data.formats.source import PACKED, Source
from pages.parts.links import ENTRIES
from tests.data.formats.format_examples import samples
from tests.source_tree import ROOT, SourceFile, source_files

GUIDE = (ROOT / "docs" / "user-guide.md").read_text(encoding="utf-8")
FORMATS = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
CLASS_KEYS = {c.key for c in BUILT_IN}
MOST_OF_THEM = 7
"""A dictionary of so many classes is a table with a row for each; one of fewer is about these alone."""
ANY_FILE = {"image", "file", "map", "archive", "die", "table"}
"""Words of a reader's name that say nothing of the format."""


def test_every_page_of_the_navigation_has_its_file() -> None:
    """The navigation leaves out a page without a file, and says nothing."""
    assert [name for name in ENTRIES if not (ROOT / "pages" / f"{name}.py").exists()] == []


def test_every_page_has_a_section_in_the_guide() -> None:
    assert [entry.title for entry in ENTRIES.values() if f"\n## {entry.title}\n" not in GUIDE] == []


def test_every_page_has_a_test() -> None:
    assert [name for name in ENTRIES if not (ROOT / "tests" / "pages" / f"test_{name}.py").exists()] == []


def test_every_function_that_reads_a_format_is_in_the_table_of_formats() -> None:
    in_table = {f"{reader.read.__module__}.{reader.read.__name__}" for reader in READERS}
    assert {name for source in source_files("data") for name in reading_functions(source)} == in_table


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_every_format_is_described(reader: Reader) -> None:
    words = [word for word in reader.name.split() if word not in ANY_FILE]
    for rows in (section(README, "What it reads"), section(FORMATS, "What is read")):
        assert [word for word in words if not re.search(rf"\b{re.escape(word)}\b", rows, re.IGNORECASE)] == []


def test_the_table_of_formats_names_tests_that_exist() -> None:
    known = {node.name for s in source_files("tests") for node in ast.walk(s.tree) if isinstance(node, ast.FunctionDef)}
    named = set(re.findall(r"`(test_\w+)`", FORMATS))
    assert named
    assert named - known == set()


def test_every_format_is_read_damaged() -> None:
    damaged = {reader_of(name, content) for name, content in samples().items() if not name.endswith((".zip", *PACKED))}
    assert {reader.name for reader in READERS} - damaged == set()


def test_every_table_of_classes_has_a_row_for_each_class() -> None:
    sources = source_files("data", "models", "core", "jobs", "pages")
    assert [gap for source in sources for gap in missing_classes(source)] == []


@pytest.mark.parametrize(("keys", "gaps"), [(CLASS_KEYS, 0), (CLASS_KEYS - {"ring"}, 1), ({"ring", "edge"}, 0)])
def test_the_search_for_tables_of_classes_sees_a_missing_row(keys: set[str], gaps: int) -> None:
    text = f"A = {dict.fromkeys(sorted(keys), 1)}"
    assert len(list(missing_classes(SourceFile(ROOT / "core" / "a.py", text, ast.parse(text))))) == gaps


def test_every_job_is_run_by_a_test() -> None:
    tests = "\n".join(source.text for source in source_files("tests"))
    jobs = [s.path.stem for s in source_files("jobs") if 'if __name__ == "__main__"' in s.text]
    assert [job for job in jobs if not re.search(rf"\bjobs(\.| import (\w+, )*){job}\b", tests)] == []


@pytest.mark.slow
def test_every_kind_of_alarm_rule_is_looked_for_named_and_explained() -> None:
    kinds = set(RuleKind.__members__)
    lookers = [
        s.text for s in source_files("core") if s.name.startswith("core/alarms/") and "class RuleKind" not in s.text
    ]
    assert kinds - set(re.findall(r"RuleKind\.(\w+)", "\n".join(lookers))) == set()
    [form] = [module(s) for s in source_files("pages") if s.path.name == "alarm_rules.py"]
    assert {kind.name for kind in form.KINDS} == {kind.name for kind in form.MEANINGS} == kinds


def test_the_guide_lists_every_kind_of_alarm_rule() -> None:
    [form] = [module(s) for s in source_files("pages") if s.path.name == "alarm_rules.py"]
    assert [words for words in form.KINDS.values() if f"| {words} |" not in section(GUIDE, "Alarms")] == []


def test_the_guide_lists_the_alarm_rules_that_a_new_database_begins_with(tmp_path: Path) -> None:
    database = AppDatabase(tmp_path / "decisions.db")
    with database.reading() as session:
        names = [rule.name for rule in rules(session)]
    assert names
    assert [name for name in names if f"*{name}*" not in section(GUIDE, "Alarms")] == []


def test_steps_of_the_app_database_are_numbered_without_a_gap() -> None:
    steps = sorted(s.path.stem for s in source_files("core") if s.path.parent.name == "versions" and "_" in s.path.stem)
    numbers = [step.partition("_")[0] for step in steps if not step.startswith("__")]
    assert numbers == [f"{n:04}" for n in range(1, len(numbers) + 1)]


def test_the_checklists_name_tests_that_exist() -> None:
    known = {node.name for s in source_files("tests") for node in ast.walk(s.tree) if isinstance(node, ast.FunctionDef)}
    named = set(re.findall(r"`(test_\w+)`", CONTRIBUTING))
    assert named
    assert named - known == set()


def test_the_table_of_bounds_names_tests_that_exist() -> None:
    known = {node.name for s in source_files("tests") for node in ast.walk(s.tree) if isinstance(node, ast.FunctionDef)}
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / "security.md").read_text(encoding="utf-8")))
    assert named
    assert named - known == set()


def reading_functions(source: SourceFile) -> Iterator[str]:
    """Dotted names of the functions that turn one source into wafers, by what they take."""
    for node in source.tree.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("read"):
            takes = [ast.unparse(arg.annotation) for arg in node.args.args if arg.annotation]
            if takes[:2] == [Source.__name__, ReadOptions.__name__]:
                yield f"{dotted(source)}.{node.name}"


def missing_classes(source: SourceFile) -> Iterator[str]:
    """Dictionaries with a row for most of the classes but not for all."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Dict):
            held = {key.value for key in node.keys if isinstance(key, ast.Constant)} & CLASS_KEYS
            if MOST_OF_THEM <= len(held) < len(CLASS_KEYS):
                yield f"{source.name}:{node.lineno} lacks {sorted(CLASS_KEYS - held)}"


def reader_of(name: str, content: bytes) -> str:
    """Name of the format that a sample is read as."""
    return choose_reader(Source(name, io.BytesIO(content))).name


def section(document: str, title: str) -> str:
    """Words below a heading of the second level, up to the next, whatever lines they are on."""
    return " ".join(document.partition(f"\n## {title}\n")[2].partition("\n## ")[0].split())


def module(source: SourceFile) -> ModuleType:
    """A file's module, imported."""
    return importlib.import_module(dotted(source))


def dotted(source: SourceFile) -> str:
    """A file's name as imports write it."""
    return source.name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
