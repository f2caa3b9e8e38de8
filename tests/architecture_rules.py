"""Rules that keep the code in layers and rooms, as functions over parsed files; `test_architecture.py` holds them."""

import ast
import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from tests.source_tree import FOLDERS, ROOT, SourceFile, is_type_checking

ALLOWED = {
    "data": {"data"},
    "models": {"models", "data"},
    "core": {"core", "data"},
    "jobs": {"jobs", "core", "models", "data"},
    "pages": {"pages", "core", "data"},
    "web": {"web", "core", "data"},
    "app.py": {"pages", "web", "core", "data"},
}
ALLOWED_INSIDE_FUNCTIONS = {"core": {"models"}}
SHARED_PARTS = {"blocks", "wafers", "wafer_editor"}  # rooms that pages of several groups use
FRAME_ROOMS = {"cache", "state"}  # rooms of the frame, used by every page
WHOLE_PROJECT_TESTS = {
    "test_architecture",
    "test_sharing",
    "test_requirements",
    "test_docs",
    "test_checklists",
    "test_permissions",
    "test_without_training",
}
WHOLE_PACKAGE_TESTS = {  # claims about all readers at once
    "data/test_patterns",
    "data/formats/test_damage",
    "data/formats/test_hostile",
    "data/formats/test_hostile_text",
    "data/formats/test_real_data",
}
FIRST_PARTY = {*FOLDERS, "app"}

Violations = list[str]


def page_groups() -> dict[str, str]:
    """Sidebar group of each page, in lower case, read off the table of `pages/parts/links.py`."""
    tree = ast.parse((ROOT / "pages" / "parts" / "links.py").read_text(encoding="utf-8"))
    tables = (n.value for n in tree.body if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "ENTRIES")
    [table] = (value for value in tables if isinstance(value, ast.Dict))
    return {
        ast.literal_eval(name): ast.literal_eval(entry.args[0]).lower()
        for name, entry in zip(table.keys, table.values, strict=True)
        if name is not None and isinstance(entry, ast.Call)
    }


def layer_violations(sources: Sequence[SourceFile]) -> Violations:
    """Imports of a layer that the importing layer must not know."""
    found = []
    for source in sources:
        inside = ALLOWED[source.folder] | ALLOWED_INSIDE_FUNCTIONS.get(source.folder, set())
        for item in source.imports():
            allowed = ALLOWED[source.folder] if item.at_import else inside
            if item.top in {*FIRST_PARTY, "", "."} - allowed:
                found.append(f"{source.name}:{item.line} imports {item.module}")
    return found


def room_violations(sources: Sequence[SourceFile], rooms: Sequence[Sequence[str]]) -> Violations:
    """Imports of a room of core/ that reach its own floor or a higher one, and rooms that no floor names."""
    floor_of = {room: floor for floor, on_it in enumerate(rooms) for room in on_it}
    found = []
    for source in (s for s in sources if s.folder == "core" and s.name != "core/__init__.py"):
        room = source.room
        found += [] if room in floor_of else [f"{source.name} is in no room"]
        for item in source.imports():
            for module in item.members if item.module == "core" else (item.module,):
                top, _, rest = module.partition(".")
                reached = rest.split(".")[0]
                if top == "core" and reached != room and not floor_of.get(reached, 99) < floor_of.get(room, 0):
                    found.append(f"{source.name}:{item.line} imports {module}")
    return found


def part_violations(sources: Sequence[SourceFile], group_of: dict[str, str]) -> Violations:
    """Parts in the room of one sidebar group that another uses, and shared parts that one group uses alone."""
    importers: dict[str, set[str]] = {}
    for source in (s for s in sources if s.folder == "pages"):
        for item in source.imports():
            for name in (item.module, *item.members):
                importers.setdefault(name, set()).add(source.dotted)

    def groups(part: str, seen: frozenset[str] = frozenset()) -> set[str]:
        users = importers.get(part, set()) - seen
        pages = {group_of[user.split(".")[1]] for user in users if user.count(".") == 1}
        return pages.union(*(groups(user, seen | {part}) for user in users if user.count(".") > 1))

    found = []
    for source in (s for s in sources if s.name.startswith("pages/parts/") and s.path.stem != "__init__"):
        room = source.path.parent.name
        used = groups(source.dotted) if room not in {"parts", *FRAME_ROOMS} else set()
        alien = used - {room} if room not in SHARED_PARTS else set()
        lonely = used if room in SHARED_PARTS - {"wafer_editor"} and len(used) == 1 else set()
        found += [f"{source.name} is used by {', '.join(sorted(used))}"] if alien or lonely else []
    return found


def third_party_violations(
    sources: Sequence[SourceFile], folders: set[str], banned: set[str], *, anywhere: bool
) -> Violations:
    """Imports of banned packages: anywhere, or only those that run when the file is imported."""
    return [
        f"{source.name}:{item.line} imports {item.module}"
        for source in sources
        if source.folder in folders
        for item in source.imports()
        if item.top in banned and (anywhere or item.at_import)
    ]


def attribute_violations(sources: Sequence[SourceFile], pattern: str, home: str) -> Violations:
    """Uses of `st.<name>` outside the one folder they belong in, which is given with a slash at its end."""
    found = []
    for source in sources:
        for node in ast.walk(source.tree) if not source.name.startswith(home) else ():
            used = [name for name in _streamlit_names(node) if re.fullmatch(pattern, name)]
            found += [f"{source.name} uses {name}" for name in used]
    return found


def call_violations(sources: Sequence[SourceFile], method: str, home: str) -> Violations:
    """Calls of a method outside the one file they belong in."""
    return [
        f"{source.name} calls {method}"
        for source in sources
        if source.name != home
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method
    ]


def script_violations(sources: Sequence[SourceFile], max_lines: int) -> Violations:
    """Pages whose script does more than call what the page defines.

    Imports, constants (in capitals), classes, functions and the docstring are no script. The script binds no name of
    its own, so that no function can read what only a run has set.
    """
    found = []
    for source in sources:
        script = [node for node in source.tree.body if not _is_definition(node)]
        lines = sum((node.end_lineno or node.lineno) - node.lineno + 1 for node in script)
        found += [f"{source.name} runs {lines} lines by itself"] if lines > max_lines else []
        found += [f"{source.name} binds {name}" for node in source.tree.body for name in _bound_names(node)]
    return found


def mirror_violations(tests: Sequence[SourceFile]) -> Violations:
    """Test files without the source file (or package) that they are named after.

    `tests/core/lake/test_lake.py` stands for `core/lake/lake.py`; `tests/core/lake/test_lake_kills.py` may stand beside
    it. Tests of the whole app, through a browser, are in `tests/journeys/`.
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


def _is_definition(node: ast.stmt) -> bool:
    docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    kinds = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign)
    return docstring or is_type_checking(node) or isinstance(node, kinds)


def _bound_names(node: ast.stmt) -> list[str]:
    """Names that a statement of a script binds or changes, but for constants and what it defines or imports."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return []
    names = [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    own = {
        n.id
        for c in ast.walk(node)
        if isinstance(c, ast.comprehension)
        for n in ast.walk(c.target)
        if isinstance(n, ast.Name)
    }
    return sorted({name for name in names if not re.match("_?[A-Z]", name)} - own)


def _streamlit_names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom) and node.module == "streamlit":
        return [alias.name for alias in node.names]
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in {"st", "streamlit"}:
        return [node.attr]
    return []
