"""The requirement files against the code that needs them: nothing missing, nothing idle, everything pinned."""

import functools
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from importlib.metadata import distribution, packages_distributions

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from data.errors import TRAINING_PACKAGES
from tests.source_tree import FOLDERS, LAYERS, ROOT, source_files

APP, TRAINING, DEV, CONSTRAINTS = "requirements-app.txt", "requirements.txt", "requirements-dev.txt", "constraints.txt"
DIRECT = (APP, TRAINING, DEV)
APP_LAYERS = ("data", "core", "pages", "web", "app.py")
NOT_IMPORTED = {
    "mlflow": "Lightning's logger asks for the distribution of that name",
    "s3fs": "fsspec imports it where a URL begins with s3://",
    "torchvision": "segmentation-models-pytorch imports it, and its release must match torch's",
    "onnxscript": "torch.onnx imports it by name",
    "matplotlib": "its DejaVu Sans is read as a file",
    "python-multipart": "Starlette imports it as it reads files of a request",
    "pg8000": "SQLAlchemy imports it by the URL's name",
    "pytest-xdist": "a pytest plugin",
    "pytest-cov": "a pytest plugin",
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
    """Lines of a requirements file that name a package: no whole-line comments, no other files."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line.strip() and not line.startswith(("#", "-r "))]


def requirements(*names: str) -> dict[str, Requirement]:
    """Requirements of these files by canonical name."""
    found = [Requirement(line.split(" #")[0]) for name in names for line in lines(name)]
    return {canonicalize_name(r.name): r for r in found}


@functools.cache
def providers_of_modules() -> Mapping[str, list[str]]:
    """Distributions that put files under each top-level name; looked up once, since every one is read for it."""
    return packages_distributions()


def imported(folders: Iterable[str]) -> set[str]:
    """Distributions that the Python files of these folders import, by canonical name."""
    modules = {item.top for source in source_files(*folders) for item in source.imports()}
    third_party = modules - sys.stdlib_module_names - {*FOLDERS, "app", "__future__"}
    providers = providers_of_modules()
    named = {module: providers.get(module, [module]) for module in third_party}
    # Several distributions may put files under one name, as mlflow and its parts do: those that the app asks for count.
    app = set(requirements(APP))
    found = [{canonicalize_name(name) for name in names} for names in named.values()]
    return {name for names in found for name in (names & app or names)}


@pytest.mark.parametrize("name", DIRECT)
def test_every_line_has_an_exact_version_and_a_reason(name: str) -> None:
    form = r"[\w.-]+(\[[\w,-]+\])?==[\w.]+(; [^#]+)?  # \S.{7,}"
    assert [line for line in lines(name) if not re.fullmatch(form, line)] == []


def test_no_package_is_required_twice() -> None:
    named = [
        canonicalize_name(Requirement(line.split(" #")[0]).name)
        for name in (*DIRECT, CONSTRAINTS)
        for line in lines(name)
    ]
    assert [name for name, times in Counter(named).items() if times > 1] == []


def test_what_training_needs_stands_on_what_the_app_needs() -> None:
    assert f"-r {APP}\n" in (ROOT / TRAINING).read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_app_imports_only_what_is_required_of_it() -> None:
    assert imported(APP_LAYERS) - set(requirements(APP)) - set(OPTIONAL) == set()


def test_jobs_and_networks_import_only_what_is_required() -> None:
    assert imported(["jobs", "models"]) - set(requirements(APP, TRAINING)) - set(OPTIONAL) == set()


def test_the_app_knows_what_it_does_without() -> None:
    providers = providers_of_modules()
    known = {canonicalize_name(name) for package in TRAINING_PACKAGES for name in providers[package]}
    assert known == set(requirements(TRAINING)) - {"mlflow"}  # of which the app has the part that it needs


def test_what_the_app_can_do_without_is_installed_for_its_tests() -> None:
    assert set(OPTIONAL) - set(requirements(DEV)) == set()


@pytest.mark.slow
def test_tests_and_benchmarks_import_only_what_is_required() -> None:
    assert imported(["tests", "benchmarks", "docs"]) - set(requirements(*DIRECT)) == set()


def test_nothing_is_required_in_vain() -> None:
    app, all_layers = imported(APP_LAYERS), imported([*LAYERS, "app.py"])
    # The app may hold what jobs alone import: most of them run without training.
    assert set(requirements(APP)) - all_layers - set(NOT_IMPORTED) == set()
    assert set(requirements(TRAINING)) - (all_layers - app) - set(NOT_IMPORTED) == set()
    needed = all_layers | set(NOT_IMPORTED) | imported(["tests", "benchmarks", "docs"])
    assert set(requirements(DEV)) - needed == set()


def test_constraints_pin_exactly_what_the_requirements_need_in_turn() -> None:
    direct = requirements(*DIRECT)
    assert set(requirements(CONSTRAINTS)) == needed_in_turn(direct) - set(direct)


def test_installed_versions_are_the_pinned_ones() -> None:
    pins = requirements(*DIRECT, CONSTRAINTS)
    # A build tag after "+" (torch's CPU build) is another build of the same version, which == lets pass.
    wrong = {
        name: distribution(name).version
        for name, pin in pins.items()
        if distribution(name).version not in pin.specifier
    }
    assert wrong == {}


def test_no_licence_asks_for_our_sources() -> None:
    pins = requirements(*DIRECT, CONSTRAINTS)
    assert {
        name: text for name in pins if re.search(r"\bA?GPL|GNU (Affero )?General Public", text := licence(name))
    } == {}


def test_every_python_that_is_promised_is_one_that_is_set_up_and_tried() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    python = Requirement(f"waferscope{project['project']['requires-python']}").specifier
    promised = {f"3.{minor}" for minor in range(20) if f"3.{minor}" in python}
    classifiers = re.findall(r"Python :: (3\.\d+)", " ".join(project["project"]["classifiers"]))
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert promised == set(classifiers)
    assert promised == set(re.findall(r'"(3\.\d+)"', workflow))
    assert promised == set(
        re.findall(r"\bpython(3\.\d+)\b", makefile[makefile.index("PYTHON ?=") :].partition("TORCH")[0])
    )


def licence(name: str) -> str:
    """What a distribution's metadata says of its licence in a line; a whole licence text pasted there is left out."""
    metadata = distribution(name).metadata
    named = [metadata.get("License-Expression", ""), metadata.get("License", "")]  # type: ignore[attr-defined]
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
