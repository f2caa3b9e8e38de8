"""The documents against the project: they lag behind nothing that a machine can check."""

import re
import tomllib
from pathlib import Path

import pytest

from core.settings import table
from data.classes import BUILT_IN
from tests.source_tree import ROOT, source_files

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("models/**/*.md")])
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def jobs() -> set[str]:
    """Names of the command lines: files of jobs/ that run as `python -m jobs.NAME`."""
    return {source.path.stem for source in source_files("jobs") if 'if __name__ == "__main__"' in source.text}


def test_the_readme_shows_the_table_of_settings() -> None:
    assert table() in README, f"README.md needs this table:\n{table()}"


def test_the_readme_names_the_commands_that_exist() -> None:
    exist = set(re.findall(r"^([a-z-]+):.*##", MAKEFILE, re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z-]+)", "\n".join(_code(README))))
    assert named == exist - {"help"}


def test_the_readme_lists_every_job() -> None:
    assert set(re.findall(r"\bjobs\.([a-z_]+)", README)) == jobs()


def test_the_readme_starts_with_the_two_commands_and_a_picture() -> None:
    first_screen = "\n".join(README.splitlines()[:25])
    assert re.search(r"git clone .*\n(cd .*\n)?make app", first_screen)
    assert re.search(r"!\[.+\]\(docs/images/.+\.png\)", first_screen)


def test_the_guide_explains_every_pattern() -> None:
    guide = (ROOT / "docs" / "user-guide.md").read_text(encoding="utf-8")
    assert [c.key for c in BUILT_IN if f"| **{c.name}** | {c.definition} | {c.cause} |" not in guide] == []


def test_the_changelog_has_the_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## {re.escape(version)}\b", changelog, re.MULTILINE)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", document.read_text(encoding="utf-8"))
    assert [target for target in targets if not (document.parent / target).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_files_that_documents_name_exist(document: Path) -> None:
    """Code such as `core/lake.py`, with a known top-level folder in front and an ending behind, names a file."""
    named = re.findall(
        r"`((?:data|models|core|jobs|pages|tests|docs|benchmarks)/[\w/.]+\.\w+)`", document.read_text("utf-8")
    )
    assert [name for name in named if not (ROOT / name).exists()] == []


def _code(markdown: str) -> list[str]:
    """Code blocks and inline code of a document."""
    blocks = re.findall(r"^```.*?\n(.*?)^```", markdown, re.MULTILINE | re.DOTALL)
    return [*blocks, *re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", markdown, flags=re.MULTILINE | re.DOTALL))]
