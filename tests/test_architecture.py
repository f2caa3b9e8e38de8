"""The rules that keep the code in layers, read off the syntax trees: nothing here imports what it judges."""

import ast
import re
import sys
from pathlib import PurePosixPath

import pytest

from tests.source_tree import FOLDERS, LAYERS, ROOT, SourceFile, source_files

ALLOWED = {
    "data": {"data"},
    "models": {"models", "data"},
    "core": {"core", "data"},
    "jobs": {"jobs", "core", "models", "data"},
    "pages": {"pages", "core", "data"},
    "app.py": {"pages", "core", "data"},
}
ALLOWED_INSIDE_FUNCTIONS = {"core": {"models"}}
SCREEN = {"streamlit"}
HEAVY = {"torch", "torchvision", "lightning", "segmentation_models_pytorch", "mlflow", "ray", "umap", "faiss"}
DATABASES = {"duckdb", "sqlalchemy", "alembic", "mlflow"}
FORBIDDEN_WORDS = {"util", "utils", "helper", "helpers", "common", "manager", "misc"}
WHOLE_PROJECT_TESTS = {"test_architecture", "test_requirements", "test_docs", "test_without_training"}
WHOLE_PACKAGE_TESTS = {"data/formats/test_damage", "data/formats/test_real_data"}  # claims about all readers at once
MAX_LINES = 300
MAX_FUNCTION_LINES = 50

Violations = list[str]
SOURCES = source_files(*LAYERS, "app.py")
EVERYTHING = source_files(*FOLDERS, "app.py")
FIRST_PARTY = {*FOLDERS, "app"}


def test_the_rules_see_every_layer() -> None:
    assert {source.folder for source in SOURCES} >= set(LAYERS)


def test_each_layer_imports_only_the_layers_below_it() -> None:
    assert layer_violations(SOURCES) == []


def test_nothing_below_the_pages_knows_the_screen() -> None:
    assert third_party_violations(SOURCES, {"data", "models", "core", "jobs"}, SCREEN, anywhere=True) == []


def test_data_knows_no_database() -> None:
    assert third_party_violations(SOURCES, {"data"}, DATABASES, anywhere=True) == []


def test_the_app_starts_without_torch_and_other_slow_imports() -> None:
    assert third_party_violations(SOURCES, {"data", "core", "pages", "app.py"}, HEAVY, anywhere=False) == []


def test_streamlit_caches_live_in_one_file() -> None:
    assert attribute_violations(SOURCES, r"cache(_data|_resource)?", "pages/parts/cache.py") == []


def test_session_keys_live_in_one_file() -> None:
    assert attribute_violations(SOURCES, r"session_state", "pages/parts/state.py") == []


def test_file_names_say_what_is_inside() -> None:
    assert [s.name for s in EVERYTHING if FORBIDDEN_WORDS & set(re.split(r"[/_.]", s.name))] == []


def test_no_page_or_job_shadows_a_module() -> None:
    taken = sys.stdlib_module_names | FIRST_PARTY
    stems = [s for s in source_files("pages", "jobs") if s.path.parent.parent == ROOT]
    assert [s.name for s in stems if s.path.stem in taken] == []


def test_every_job_is_a_command() -> None:
    """A job with a `__main__` guard has a `main` of its configuration; other files in jobs/ are what jobs share."""
    jobs = [s for s in source_files("jobs") if 'if __name__ == "__main__"' in s.text]
    form = r"^@command\((\w+)(, name=\"\w+\")?(, trains=True)?\)\ndef main\(config: \1\) -> int:"
    assert [s.name for s in jobs if not re.search(form, s.text, re.MULTILINE)] == []


def test_tests_mirror_the_tree() -> None:
    assert mirror_violations(source_files("tests")) == []


def test_every_folder_of_python_is_a_package() -> None:
    folders = {s.path.parent for s in source_files(*LAYERS, "benchmarks", "tests")}
    assert [str(f.relative_to(ROOT)) for f in folders if not (f / "__init__.py").exists()] == []


def test_files_can_be_read_in_one_sitting() -> None:
    lengths = {s.name: s.text.count("\n") for s in EVERYTHING}
    assert {name: lines for name, lines in lengths.items() if lines > MAX_LINES} == {}


def test_functions_fit_on_a_screen() -> None:
    long = {
        f"{s.name}:{node.lineno} {node.name}": function_lines(node)
        for s in EVERYTHING
        for node in ast.walk(s.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and function_lines(node) >= MAX_FUNCTION_LINES
    }
    assert long == {}


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("core/a.py", "import models.unet", 1),
        ("core/a.py", "def f():\n    import models.unet", 0),
        ("core/a.py", "def f():\n    from pages.parts import state", 1),
        ("core/a.py", "from data.wafer import WaferMap\nimport numpy", 0),
        ("data/a.py", "import core.lake", 1),
        ("data/a.py", "def f():\n    import models", 1),
        ("pages/a.py", "from jobs import demo", 1),
        ("models/a.py", "from core import lake", 1),
        ("jobs/a.py", "import pages.wafer", 1),
        ("data/a.py", "from . import wafer", 1),
        ("data/a.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import core.lake", 1),
    ],
)
def test_layer_rules_catch_what_they_should(name: str, text: str, expected: int) -> None:
    assert len(layer_violations([parsed(name, text)])) == expected


@pytest.mark.parametrize(
    ("text", "anywhere", "expected"),
    [
        ("import torch.nn", False, 1),
        ("try:\n    import torch\nexcept ImportError:\n    pass", False, 1),
        ("class A:\n    import torch", False, 1),
        ("def f():\n    import torch", False, 0),
        ("def f():\n    import torch", True, 1),
        ("if TYPE_CHECKING:\n    import torch", False, 0),
        ("import torchlike", True, 0),
    ],
)
def test_third_party_rules_catch_what_they_should(text: str, anywhere: bool, expected: int) -> None:
    assert len(third_party_violations([parsed("core/a.py", text)], {"core"}, {"torch"}, anywhere=anywhere)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("st.session_state['a'] = 1", 1),
        ("from streamlit import session_state", 1),
        ("x = session_state_of(st)", 0),
    ],
)
def test_attribute_rules_catch_what_they_should(text: str, expected: int) -> None:
    assert len(attribute_violations([parsed("pages/a.py", text)], "session_state", "pages/parts/state.py")) == expected


def layer_violations(sources: list[SourceFile] | tuple[SourceFile, ...]) -> Violations:
    """Imports of a layer that the importing layer must not know."""
    found = []
    for source in sources:
        inside = ALLOWED[source.folder] | ALLOWED_INSIDE_FUNCTIONS.get(source.folder, set())
        for item in source.imports():
            allowed = ALLOWED[source.folder] if item.at_import else inside
            if item.top in {*FIRST_PARTY, "", "."} - allowed:
                found.append(f"{source.name}:{item.line} imports {item.module}")
    return found


def third_party_violations(
    sources: list[SourceFile] | tuple[SourceFile, ...], folders: set[str], banned: set[str], *, anywhere: bool
) -> Violations:
    """Imports of banned packages: anywhere, or only those that run when the file is imported."""
    return [
        f"{source.name}:{item.line} imports {item.module}"
        for source in sources
        if source.folder in folders
        for item in source.imports()
        if item.top in banned and (anywhere or item.at_import)
    ]


def attribute_violations(sources: list[SourceFile] | tuple[SourceFile, ...], pattern: str, home: str) -> Violations:
    """Uses of `st.<name>` outside the one file they belong in."""
    found = []
    for source in sources:
        for node in ast.walk(source.tree) if source.name != home else ():
            used = [name for name in _streamlit_names(node) if re.fullmatch(pattern, name)]
            found += [f"{source.name} uses {name}" for name in used]
    return found


def mirror_violations(tests: tuple[SourceFile, ...]) -> Violations:
    """Test files without the source file (or package) that they are named after.

    `tests/core/test_lake.py` stands for `core/lake.py`; `tests/core/test_lake_kills.py` may stand beside it. Tests of
    the whole app, through a browser, are in `tests/journeys/`.
    """
    found = []
    for path in (PurePosixPath(s.name).relative_to("tests") for s in tests if s.path.name.startswith("test_")):
        if path.parent.name == "journeys" or str(path.with_suffix("")) in WHOLE_PROJECT_TESTS | WHOLE_PACKAGE_TESTS:
            continue
        words = path.stem.removeprefix("test_").split("_")
        names = ["_".join(words[:n]) for n in range(1, len(words) + 1)]
        places = [ROOT / path.parent / name for name in names]
        if not any(place.with_suffix(".py").exists() or (place / "__init__.py").exists() for place in places):
            found.append(f"tests/{path} mirrors no source file")
    return found


def function_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring."""
    total = (node.end_lineno or node.lineno) - node.lineno + 1
    if ast.get_docstring(node) is None:
        return total
    docstring = node.body[0]
    return total - ((docstring.end_lineno or docstring.lineno) - docstring.lineno + 1)


def parsed(name: str, text: str) -> SourceFile:
    """A file that exists only in a test."""
    return SourceFile(ROOT / name, text, ast.parse(text))


def _streamlit_names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom) and node.module == "streamlit":
        return [alias.name for alias in node.names]
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in {"st", "streamlit"}:
        return [node.attr]
    return []
