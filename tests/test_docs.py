"""The documents against the project: they lag behind nothing that a machine can check."""

import re
import tomllib
from pathlib import Path

import pytest

from core.settings import table
from data.classes import BUILT_IN
from docs.make_api_table import PAGE, written
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
    """The first heading is what is not released yet, then versions with their days, newest first: this one on top."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    first, *released = re.findall(r"^## (.*)$", changelog, re.MULTILINE)
    assert first == "[Unreleased]"
    days = [re.fullmatch(r"\[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)", heading) for heading in released]
    assert [found[1] for found in days if found][:1] == [version]
    assert [found[2] for found in days if found] == sorted((h.split(" - ")[-1] for h in released), reverse=True)


def test_the_changelog_groups_what_changed() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(re.findall(r"^### (.*)$", changelog, re.MULTILINE)) <= kinds


def test_every_record_of_decisions_is_in_the_index_and_in_the_order_of_its_dates() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\]\((\w[\w-]*\.md)\)", index)) == {path.name for path in folder.glob("*.md")} - {
        "README.md"
    }
    for path in set(folder.glob("*.md")) - {folder / "README.md"}:
        headings = re.findall(r"^## (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        dates = [heading.partition(": ")[0] for heading in headings]
        assert dates, path.name
        assert [date for date in dates if not re.fullmatch(r"\d{4}-\d\d-\d\d", date)] == [], path.name
        assert dates == sorted(dates), path.name


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_to_headings_lead_to_headings(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:|mailto:)([^)#\s]*)#([^)\s]+)\)", document.read_text(encoding="utf-8"))
    targets = [(document.parent / path if path else document, anchor) for path, anchor in links]
    assert [anchor for target, anchor in targets if anchor not in _anchors(target)] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", document.read_text(encoding="utf-8"))
    assert [target for target in targets if not (document.parent / target).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_files_that_documents_name_exist(document: Path) -> None:
    """Code such as `core/lake/lake.py`, with a known top-level folder in front, names a file, or a folder ending in /.

    Boxes of drawings name them too. NAME and ROOM in capitals stand for any name.
    """
    text = document.read_text("utf-8")
    place = r"((?:data|models|core|jobs|pages|tests|docs|benchmarks)/[\w/.-]*)"
    named = [*re.findall(f"`{place}`", text), *re.findall(rf'\["{place}', text)]
    real = [name for name in named if re.search(r"/$|\.\w+$", name) and not re.search("NAME|ROOM", name)]
    assert [name for name in real if not (ROOT / name).exists()] == []


def test_the_architecture_names_every_room_of_the_core() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| \d+ \| `([\w.]+/?)` \|", text, re.MULTILINE)
    rooms = {path.parent.name + "/" for path in (ROOT / "core").glob("*/__init__.py")}
    assert sorted(named) == sorted(rooms | {path.name for path in (ROOT / "core").glob("*.py")} - {"__init__.py"})


def _anchors(document: Path) -> set[str]:
    """Names by which links reach the headings of a document."""
    headings = re.findall(r"^#+ (.*)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _code(markdown: str) -> list[str]:
    """Code blocks and inline code of a document."""
    blocks = re.findall(r"^```.*?\n(.*?)^```", markdown, re.MULTILINE | re.DOTALL)
    return [*blocks, *re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", markdown, flags=re.MULTILINE | re.DOTALL))]


def test_the_table_of_endpoints_is_that_of_the_api() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert written(page) == page, "run python -m docs.make_api_table"
