"""Rules of what tests may set and import, as functions over parsed files; `test_sharing.py` holds them."""

import ast
import re
from collections.abc import Mapping, Sequence

from tests.architecture_rules import FIRST_PARTY, Violations
from tests.source_tree import SourceFile


def constant_violations(sources: Sequence[SourceFile], allowed: Mapping[str, str]) -> Violations:
    """Upper-case names of our own modules that tests set, but for some, and exceptions that nobody needs.

    Args:
        sources: the tests.
        allowed: dotted names that may be set, and why.
    """
    places: dict[str, list[str]] = {}
    for source in sources:
        bound = _bound_names(source)
        for node in ast.walk(source.tree):
            for name in _names_set(node, bound):
                top, last = name.split(".")[0], name.rpartition(".")[2]
                if top in FIRST_PARTY and re.fullmatch("_*[A-Z][A-Z0-9_]*", last):
                    places.setdefault(name, []).append(f"{source.name}:{getattr(node, 'lineno', 0)}")
    found = [f"{place} sets {name}" for name, at in places.items() if name not in allowed for place in at]
    return found + [f"nothing sets {name}" for name in allowed if name not in places]


def sharing_violations(tests: Sequence[SourceFile]) -> Violations:
    """Imports of a file of tests; what several use lies in a file of its own (`*_examples.py`, `conftest.py`)."""
    return [
        f"{source.name}:{item.line} imports {module}"
        for source in tests
        for item in source.imports()
        for module in (item.members if item.names else (item.module,))
        if module.startswith("tests.") and any(part.startswith("test_") for part in module.split("."))
    ]


def _bound_names(source: SourceFile) -> dict[str, str]:
    """What each imported name of a file stands for, dotted."""
    bound = {}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            bound |= {a.asname: a.name for a in node.names if a.asname}
            bound |= {a.name.split(".")[0]: a.name.split(".")[0] for a in node.names if not a.asname}
        elif isinstance(node, ast.ImportFrom):
            bound |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    return bound


def _names_set(node: ast.AST, bound: Mapping[str, str]) -> list[str]:
    """Dotted names that a statement assigns to, or that a call of `setattr`, `patch` or `patch.object` replaces."""
    if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        parts = [part for target in targets for part in ast.walk(target) if isinstance(part, ast.Attribute)]
        return [f"{_dotted(part.value, bound)}.{part.attr}" for part in parts]
    called = getattr(node.func, "attr", getattr(node.func, "id", "")) if isinstance(node, ast.Call) else ""
    if not isinstance(node, ast.Call) or called not in {"setattr", "patch", "object"}:
        return []
    words = [arg.value if isinstance(arg, ast.Constant) and isinstance(arg.value, str) else "" for arg in node.args[:2]]
    if words and words[0]:
        return [words[0]]
    return [f"{_dotted(node.args[0], bound)}.{words[1]}"] if len(words) > 1 and words[1] else []


def _dotted(node: ast.expr, bound: Mapping[str, str]) -> str:
    """A module or what is in one, by its full name; what is not imported has none."""
    root, _, rest = ast.unparse(node).partition(".")
    return ".".join(part for part in (bound[root], rest) if part) if root in bound else ""
