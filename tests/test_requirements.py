"""The requirement files against the code that needs them: nothing missing, nothing idle, everything pinned."""

import re
import sys
from collections.abc import Iterable
from importlib.metadata import distribution, packages_distributions

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.source_tree import FOLDERS, LAYERS, ROOT, source_files

NOT_IMPORTED = {
    "torchvision": "segmentation-models-pytorch imports it, and its release must match torch's",
    "onnxscript": "torch.onnx imports it by name",
    "matplotlib": "its DejaVu Sans is read as a file",
    "pg8000": "SQLAlchemy imports it by the URL's name",
    "pytest-xdist": "a pytest plugin",
    "pytest-timeout": "a pytest plugin",
    "ruff": "a command",
    "mypy": "a command",
    "pandas-stubs": "types for mypy",
    "websockets": "Streamlit's server speaks it",
    "pre-commit": "a command",
}
OPTIONAL = {
    "atheris": "jobs.fuzz_readers says in a sentence that it is missing",
    "ray": "jobs.batch says in a sentence that it is missing",
}


def lines(name: str) -> list[str]:
    """Lines of a requirements file that are not whole-line comments."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def requirements(*names: str) -> dict[str, Requirement]:
    """Requirements of these files by canonical name."""
    found = [Requirement(line.split(" #")[0]) for name in names for line in lines(name)]
    return {canonicalize_name(r.name): r for r in found}


def imported(folders: Iterable[str]) -> set[str]:
    """Distributions that the Python files of these folders import, by canonical name."""
    modules = {item.top for source in source_files(*folders) for item in source.imports()}
    third_party = modules - sys.stdlib_module_names - {*FOLDERS, "app", "__future__"}
    providers = packages_distributions()
    named = {module: providers.get(module, [module]) for module in third_party}
    # Several distributions may put files under one name (mlflow's parts do); the one of that name stands for all.
    return {canonicalize_name(n) for module, names in named.items() for n in ([module] if module in names else names)}


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_line_has_an_exact_version_and_a_reason(name: str) -> None:
    bad = [line for line in lines(name) if not re.fullmatch(r"[\w.-]+(\[[\w,-]+\])?==[\w.]+  # \S.{7,}", line)]
    assert bad == []


def test_the_app_imports_only_what_is_required() -> None:
    assert imported([*LAYERS, "app.py"]) - set(requirements("requirements.txt")) - set(OPTIONAL) == set()


def test_what_the_app_can_do_without_is_installed_for_its_tests() -> None:
    assert set(OPTIONAL) - set(requirements("requirements-dev.txt")) == set()


def test_tests_and_benchmarks_import_only_what_is_required() -> None:
    known = set(requirements("requirements.txt", "requirements-dev.txt"))
    assert imported(["tests", "benchmarks", "docs"]) - known == set()


def test_nothing_is_required_in_vain() -> None:
    needed = imported([*LAYERS, "app.py"]) | set(NOT_IMPORTED)
    assert set(requirements("requirements.txt")) - needed == set()
    assert set(requirements("requirements-dev.txt")) - needed - imported(["tests", "benchmarks", "docs"]) == set()


def test_constraints_pin_exactly_what_the_requirements_need_in_turn() -> None:
    direct = requirements("requirements.txt", "requirements-dev.txt")
    assert set(requirements("constraints.txt")) == needed_in_turn(direct) - set(direct)


def test_installed_versions_are_the_pinned_ones() -> None:
    pins = requirements("requirements.txt", "requirements-dev.txt", "constraints.txt")
    # A build tag after "+" (torch's CPU build) is another build of the same version, which == lets pass.
    wrong = {
        name: distribution(name).version
        for name, pin in pins.items()
        if distribution(name).version not in pin.specifier
    }
    assert wrong == {}


def test_no_licence_asks_for_our_sources() -> None:
    pins = requirements("requirements.txt", "requirements-dev.txt", "constraints.txt")
    assert {
        name: text for name in pins if re.search(r"\bA?GPL|GNU (Affero )?General Public", text := licence(name))
    } == {}


def licence(name: str) -> str:
    """What a distribution's metadata says of its licence in a line; a whole licence text pasted there is left out."""
    metadata = distribution(name).metadata
    named = [metadata.get("License-Expression", ""), metadata.get("License", "")]
    classifiers = [c for c in metadata.get_all("Classifier", []) if c.startswith("License ::")]
    return "; ".join(text for text in (*named, *classifiers) if 0 < len(text) < 150)


def needed_in_turn(direct: dict[str, Requirement]) -> set[str]:
    """Canonical names of all that the installed `direct` distributions need on this machine, themselves included."""
    found: set[str] = set()
    waiting = [(name, frozenset(r.extras)) for name, r in direct.items()]
    seen = set()
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        found.add(name)
        for requirement in map(Requirement, distribution(name).requires or []):
            marker = requirement.marker
            if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras or {""}):
                waiting.append((canonicalize_name(requirement.name), frozenset(requirement.extras)))
    return found
