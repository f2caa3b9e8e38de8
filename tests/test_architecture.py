"""The rules that keep the code in layers, read off the syntax trees: nothing here imports what it judges."""

import ast
import re
import sys

import pytest

from tests.architecture_rules import (
    FIRST_PARTY,
    FRAME_ROOMS,
    SHARED_PARTS,
    attribute_violations,
    call_violations,
    function_lines,
    layer_violations,
    mirror_violations,
    page_groups,
    parsed,
    part_violations,
    room_violations,
    script_violations,
    third_party_violations,
)
from tests.source_tree import FOLDERS, LAYERS, ROOT, source_files

SCREEN = {"streamlit"}
HEAVY = {"torch", "torchvision", "lightning", "segmentation_models_pytorch", "mlflow", "ray", "umap", "faiss"}
DATABASES = {"duckdb", "sqlalchemy", "alembic", "mlflow"}
FORBIDDEN_WORDS = {"util", "utils", "helper", "helpers", "common", "manager", "misc"}
ROOMS = (  # of core/, floor by floor: a room imports rooms of lower floors alone
    ("settings", "identity", "storage", "statistics"),
    ("database", "segmentation", "reading"),
    ("people",),
    ("instances", "explain", "drawing", "selection", "jobs", "root_causes"),
    ("severity",),
    ("analysis",),
    ("lake", "evaluation"),
    ("labels", "similarity", "trends"),
    ("lots", "annotation", "projection"),
    ("comparison", "exports"),
    ("datasets",),
    ("training",),
    ("active_learning", "registry"),
    ("ingestion", "monitoring", "reports"),
    ("alarms", "downloads"),
    ("pipeline",),
    ("batches", "migrations"),
)
LOOSE_IN_CORE = {"identity", "root_causes"}
FRAME = {"links", "literal", "person", "empty", "measures", "routes", "shell", "uploads"}  # loose in pages/parts/
MAX_SCRIPT_LINES = 3  # of a page: what its script runs by itself
MAX_LINES = 300
MAX_FUNCTION_LINES = 50

SOURCES = source_files(*LAYERS, "app.py")
EVERYTHING = source_files(*FOLDERS, "app.py")


def test_the_rules_see_every_layer() -> None:
    assert {source.folder for source in SOURCES} >= set(LAYERS)


def test_each_layer_imports_only_the_layers_below_it() -> None:
    assert layer_violations(SOURCES) == []


def test_rooms_of_the_core_import_only_rooms_of_lower_floors() -> None:
    assert room_violations(SOURCES, ROOMS) == []


def test_only_named_files_lie_loose_in_the_core_and_the_parts() -> None:
    loose = {s.path.stem for s in SOURCES if s.path.parent == ROOT / "core"} - {"__init__"}
    assert loose == LOOSE_IN_CORE
    assert {s.path.stem for s in SOURCES if s.path.parent == ROOT / "pages" / "parts"} - {"__init__"} <= FRAME


def test_parts_lie_in_the_room_of_the_group_that_uses_them() -> None:
    assert part_violations(SOURCES, page_groups()) == []


def test_nothing_below_the_pages_knows_the_screen() -> None:
    assert third_party_violations(SOURCES, {"data", "models", "core", "jobs"}, SCREEN, anywhere=True) == []


def test_data_knows_no_database() -> None:
    assert third_party_violations(SOURCES, {"data"}, DATABASES, anywhere=True) == []


def test_the_app_starts_without_torch_and_other_slow_imports() -> None:
    assert third_party_violations(SOURCES, {"data", "core", "pages", "web", "app.py"}, HEAVY, anywhere=False) == []


def test_streamlit_caches_live_in_one_room() -> None:
    assert attribute_violations(SOURCES, r"cache(_data|_resource)?", "pages/parts/cache/") == []


def test_session_keys_live_in_one_room() -> None:
    assert attribute_violations(SOURCES, r"session_state", "pages/parts/state/") == []


def test_the_rooms_of_parts_are_those_of_the_frame_of_groups_and_what_groups_share() -> None:
    inside = {s.path.parent for s in SOURCES if s.name.startswith("pages/parts/")} - {ROOT / "pages" / "parts"}
    assert {folder.name for folder in inside} <= FRAME_ROOMS | SHARED_PARTS | set(page_groups().values())


def test_a_page_is_functions_and_one_call() -> None:
    scripts = [s for s in SOURCES if s.path.parent == ROOT / "pages" and s.path.stem != "__init__"]
    shell = [s for s in SOURCES if s.name == "pages/parts/shell.py"]
    assert len(scripts) > 10
    assert script_violations([*scripts, *shell], MAX_SCRIPT_LINES) == []


def test_tables_become_csv_where_formulas_are_guarded() -> None:
    """Elsewhere `to_csv` would write people's text as it is, and a spreadsheet would run what begins with "="."""
    assert call_violations(SOURCES, "to_csv", "core/exports/frames.py") == []


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


@pytest.mark.slow
def test_tests_mirror_the_tree() -> None:
    assert mirror_violations(source_files("tests")) == []


@pytest.mark.slow
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
        ("data/a.py", "import core.lake.lake.lake", 1),
        ("data/a.py", "def f():\n    import models", 1),
        ("pages/a.py", "from jobs import demo", 1),
        ("models/a.py", "from core import lake", 1),
        ("jobs/a.py", "import pages.wafer", 1),
        ("data/a.py", "from . import wafer", 1),
        ("data/a.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import core.lake.lake.lake", 1),
    ],
)
def test_layer_rules_catch_what_they_should(name: str, text: str, expected: int) -> None:
    assert len(layer_violations([parsed(name, text)])) == expected


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("core/lake/a.py", "from core.storage.folder.folder import Folder", 0),
        ("core/lake/a.py", "from core.lake.lake.parts import Parts", 0),
        ("core/lake/a.py", "import core.severity", 0),
        ("core/lake/a.py", "from core.evaluation.report import metrics", 1),
        ("core/storage/a.py", "def f():\n    from core.batches import folder", 1),
        ("core/cellar/a.py", "import numpy", 1),
        ("core/severity/score.py", "from core.lake.lake import Lake", 1),
    ],
)
def test_room_rules_catch_what_they_should(name: str, text: str, expected: int) -> None:
    assert len(room_violations([parsed(name, text)], ROOMS)) == expected


def test_part_rules_catch_what_they_should() -> None:
    sources = [
        parsed("pages/a.py", "from pages.parts.monitor import bars\nfrom pages.parts.blocks import one, both"),
        parsed("pages/b.py", "from pages.parts.monitor.bars import draw\nfrom pages.parts.blocks.both import c"),
        *(parsed(f"pages/parts/{name}.py", "") for name in ("monitor/bars", "blocks/one", "blocks/both")),
    ]
    assert part_violations(sources, {"a": "monitor", "b": "learn"}) == [
        "pages/parts/monitor/bars.py is used by learn, monitor",
        "pages/parts/blocks/one.py is used by monitor",
    ]


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
    ("text", "expected"), [("frame.to_csv(path)", 1), ("a.map(b).to_csv()", 1), ("to_csv = 1\nx = to_csv", 0)]
)
def test_call_rules_catch_what_they_should(text: str, expected: int) -> None:
    assert len(call_violations([parsed("pages/a.py", text)], "to_csv", "core/exports/frames.py")) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("st.session_state['a'] = 1", 1),
        ("from streamlit import session_state", 1),
        ("x = session_state_of(st)", 0),
    ],
)
def test_attribute_rules_catch_what_they_should(text: str, expected: int) -> None:
    assert len(attribute_violations([parsed("pages/a.py", text)], "session_state", "pages/parts/state/")) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pages/parts/state/a.py", 0),
        ("pages/parts/state.py", 1),
        ("pages/parts/states/a.py", 1),
        ("pages/parts/blocks/state/a.py", 1),
    ],
)
def test_attribute_rules_let_one_folder_through(name: str, expected: int) -> None:
    text = "st.session_state.clear()"
    assert len(attribute_violations([parsed(name, text)], "session_state", "pages/parts/state/")) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"""Doc."""\nimport a\nFIRST, SECOND = 1, 2\ndef show(): pass\nwith explained():\n    show()', 0),
        ("if TYPE_CHECKING:\n    import a\n    import b\n    import c\nshow()", 0),
        ("Pair = tuple[int, int]\n_LEAST: int = 3\nHALF = [n / 2 for n in range(9)]\nshow()", 0),
        ("a()\nb()\nc()\nd()", 1),
        ("with explained():\n    a()\n    b()\n    c()", 1),
        ("show(\n    1,\n    2,\n)", 1),
        ("lake = open_lake()\ndef show():\n    lake.count()\nshow()", 1),
        ("days: int = 3\nshow()", 1),
        ("with reading() as session:\n    show()", 1),
        ("for day in days():\n    show(day)", 1),
        ("if (found := look()):\n    show()", 1),
        ("NAMES = [found for found in (most := look())]\nshow()", 1),
    ],
)
def test_script_rules_catch_what_they_should(text: str, expected: int) -> None:
    assert len(script_violations([parsed("pages/a.py", text)], MAX_SCRIPT_LINES)) == expected
