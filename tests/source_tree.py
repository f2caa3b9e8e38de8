"""The project's own Python files as the rule tests see them."""

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LAYERS = ("data", "models", "core", "jobs", "pages", "web")
FOLDERS = (*LAYERS, "benchmarks", "tests", "docs")


@dataclass(frozen=True)
class Import:
    """One import statement: the dotted module, whether it runs when the file is imported, and what it takes from it."""

    module: str
    at_import: bool
    line: int
    names: tuple[str, ...] = ()

    @property
    def top(self) -> str:
        """First part of the dotted name."""
        return self.module.split(".")[0]

    @property
    def members(self) -> tuple[str, ...]:
        """Dotted names of what is taken from the module, any of which may be a module itself."""
        return tuple(f"{self.module}.{name}" for name in self.names)


@dataclass(frozen=True)
class SourceFile:
    """One parsed file."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """Path from the project's root, with slashes."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def folder(self) -> str:
        """Top-level folder, or the file's own name at the root."""
        return self.name.split("/")[0]

    @property
    def dotted(self) -> str:
        """Name that other files import it by."""
        return self.name.removesuffix(".py").replace("/", ".")

    @property
    def room(self) -> str:
        """Second part of its path: a package of its layer, or a loose file's own name."""
        return self.name.removesuffix(".py").split("/")[1]

    def imports(self) -> list[Import]:
        """Every import of the file, those inside functions included."""
        return list(_imports(self.tree, at_import=True))


@functools.cache
def source_files(*folders: str) -> tuple[SourceFile, ...]:
    """Parse all Python files of these top-level folders, and app.py when "app.py" is among them."""
    paths = [path for folder in folders for path in _python_files(ROOT / folder)]
    texts = [(path, path.read_text(encoding="utf-8")) for path in sorted(paths)]
    return tuple(SourceFile(path, text, ast.parse(text, filename=str(path))) for path, text in texts)


def _python_files(path: Path) -> list[Path]:
    if path.suffix == ".py":
        return [path] if path.exists() else []
    return list(path.rglob("*.py"))


def _imports(node: ast.AST, *, at_import: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, at_import, child.lineno) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            # A relative import hides which layer it reaches: it is given as ".", which no layer may import.
            yield Import(
                child.module if child.module and not child.level else ".",
                at_import,
                child.lineno,
                tuple(alias.name for alias in child.names),
            )
        else:
            inside = at_import and not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _imports(child, at_import=inside and not is_type_checking(child))


def is_type_checking(node: ast.AST) -> bool:
    """Whether a statement is the `if` that only the type checker enters."""
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
