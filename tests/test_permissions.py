"""Everything in the core that changes something asks first whether the acting person may, read off and by trying."""

import ast
import importlib
import inspect
from unittest.mock import MagicMock

import pytest

from core.identity import Person
from core.jobs.rights import NEEDS
from data.errors import NotAllowedError
from tests.source_tree import ROOT, SourceFile, source_files

STRANGER = Person("zoe", "account", 9, "nobody")
ASK = {"permit", "permit_own", "_permit", "_own_job", "_theirs", "_with_password"}
"""Functions that refuse; those with an underscore are of the same file, and look up whose it is first."""
READ = {
    "core.annotation.bench.bench",
    "core.annotation.blinding.comes_blind",
    "core.annotation.comments.reviews_told",
    "core.annotation.items.item_to_label",
    "core.annotation.items.items_in_hand",
    "core.annotation.progress.progress",
    "core.annotation.progress.begun",
    "core.annotation.progress.trail",
    "core.batches.control.may_see",
    "core.labels.annotations.own_annotation",
    "core.labels.draft_store.draft_of",
    "core.labels.draft_store.drafts_of",
    "core.labels.draft_store.other_drafts",
    "core.people.roles.may",
    "core.people.roles.may_without_key",
    "core.people.roles.permit",
    "core.people.roles.permit_own",
    "core.reports.batch_report.batch_pdf",
    "core.reports.lot_report.lot_pdf",
    "core.reports.period_report.period_pdf",
    "core.reports.trust_report.trust_pdf",
    "core.reports.wafer_report.wafer_pdf",
}
"""Take a person, and change nothing: what they read is the person's own, or narrowed elsewhere."""
ASKED_BELOW = {
    "core.database.audit.record": "writes down what was allowed",
    "core.alarms.sending.sending_job": "returns what starts a job, which asks",
    "core.batches.control.pause": "asks as it looks up whose it is",
    "core.batches.control.cancel": "asks as it looks up whose it is",
    "core.jobs.launch.start": "add_job asks",
    "core.jobs.launch.cancel": "ask_to_stop asks",
    "core.jobs.launch.resume": "queue_again asks",
    "core.people.accesses.refused": "writes down what was refused",
    "core.people.invitations.invite": "add_account asks",
}

DOES_NOTHING = {"core.database.audit.record", "core.alarms.sending.sending_job", "core.people.accesses.refused"}
"""Of these, what does nothing by itself."""


def with_person(source: SourceFile) -> list[ast.FunctionDef]:
    """List the public functions of a file that take the acting person."""
    return [
        node
        for node in source.tree.body
        if isinstance(node, ast.FunctionDef)
        and not node.name.startswith("_")
        and any(
            a.annotation and ast.unparse(a.annotation) == "Person" for a in (*node.args.args, *node.args.kwonlyargs)
        )
    ]


def asks(node: ast.FunctionDef) -> bool:
    """Whether a function asks before it does anything but look up whose something is."""
    called = [c.func.id for c in ast.walk(node) if isinstance(c, ast.Call) and isinstance(c.func, ast.Name)]
    return bool(ASK & set(called))


def module_of(source: SourceFile) -> str:
    return ".".join(source.path.relative_to(ROOT).with_suffix("").parts)


WRITERS = [
    (module_of(source), node)
    for source in source_files("core")
    for node in with_person(source)
    if f"{module_of(source)}.{node.name}" not in READ
]


@pytest.mark.parametrize(("module", "node"), WRITERS, ids=[f"{module}.{node.name}" for module, node in WRITERS])
def test_what_changes_something_asks_first(module: str, node: ast.FunctionDef) -> None:
    assert asks(node) or f"{module}.{node.name}" in ASKED_BELOW


@pytest.mark.parametrize(("module", "node"), WRITERS, ids=[f"{module}.{node.name}" for module, node in WRITERS])
def test_somebody_without_a_role_is_refused_before_anything_is_done(module: str, node: ast.FunctionDef) -> None:
    if f"{module}.{node.name}" in DOES_NOTHING:
        pytest.skip("does nothing by itself")
    function, session = getattr(importlib.import_module(module), node.name), MagicMock()
    given = {
        name: STRANGER if parameter.annotation is Person else MagicMock() if name != "name" else "train"
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.default is inspect.Parameter.empty
    }
    if "session" in given:
        given["session"] = session
    with pytest.raises(NotAllowedError, match="zoe"):
        function(**given)
    session.add.assert_not_called()
    session.delete.assert_not_called()


def test_lists_of_exceptions_name_what_there_is() -> None:
    there = {f"{module_of(s)}.{node.name}" for s in source_files("core") for node in with_person(s)}
    assert (READ | set(ASKED_BELOW)) - there == set()


def test_every_job_that_pages_start_has_its_permission() -> None:
    jobs = {path.stem for path in (ROOT / "jobs").glob("*.py")}
    assert set(NEEDS) - jobs == set()
