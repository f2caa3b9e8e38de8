"""Tests hand in what they want other than usual, and share through files of their own, read off the syntax trees."""

import pytest

from tests.architecture_rules import parsed
from tests.sharing_rules import constant_violations, sharing_violations
from tests.source_tree import source_files

MAY_BE_SET = {
    "core.jobs.launch.ROOT": "pages start jobs and know of one project, so every call between would have to hand it on",
    "core.people.passwords._HASHER": "hashing is slow by intent, and every test of people signs somebody in",
}
"""Constants that tests may set, and why a parameter in their place would be worse."""


@pytest.mark.slow
def test_tests_hand_values_in_and_set_no_constant() -> None:
    assert constant_violations(source_files("tests"), MAY_BE_SET) == []


def test_no_test_imports_another() -> None:
    assert sharing_violations(source_files("tests")) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('monkeypatch.setattr("core.lake.lake.MANY", 3)', ["core.lake.lake.MANY"]),
        ('from core.lake import lake\nmonkeypatch.setattr(lake, "MANY", 3)', ["core.lake.lake.MANY"]),
        (
            'import core.lake.lake as l\nwith monkeypatch.context() as p:\n    p.setattr(l, "_MANY", 3)',
            ["core.lake.lake._MANY"],
        ),
        ('import core.lake\nsetattr(core.lake, "MANY", 3)', ["core.lake.MANY"]),
        ("def f():\n    from core.lake import Lake\n    Lake.MANY = 3", ["core.lake.Lake.MANY"]),
        ("import jobs.demo\njobs.demo.A, jobs.demo.B = 1, 2", ["jobs.demo.A", "jobs.demo.B"]),
        ('with mock.patch("data.errors.MANY", 3):\n    pass', ["data.errors.MANY"]),
        ('from data import errors\nmock.patch.object(errors, "MANY", 3)', ["data.errors.MANY"]),
        ('monkeypatch.setattr("core.lake.lake.compact", f)', []),
        ('import torch\nmonkeypatch.setattr(torch, "MANY", 3)', []),
        ("class Few(Lake):\n    MANY = 3\nmade.MANY = 3", []),
        ('monkeypatch.setattr("core.lake.lake.ALLOWED", 3)', []),
    ],
)
def test_constant_rules_catch_what_they_should(text: str, expected: list[str]) -> None:
    allowed = parsed("tests/test_b.py", 'monkeypatch.setattr("core.lake.lake.ALLOWED", 3)')
    found = constant_violations([parsed("tests/test_a.py", text), allowed], {"core.lake.lake.ALLOWED": "because"})
    assert [line.rpartition(" ")[2] for line in found] == expected


def test_an_exception_that_nobody_needs_is_caught() -> None:
    assert constant_violations([parsed("tests/test_a.py", "")], {"core.A": "because"}) == ["nothing sets core.A"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from tests.core.test_severity import wafer", 1),
        ("from tests.core import test_severity, wafers", 1),
        ("import tests.core.test_severity", 1),
        ("def f():\n    from tests.core.test_severity import wafer, other", 2),
        ("from tests.core.wafers import wafer\nfrom tests.conftest import a", 0),
    ],
)
def test_sharing_rules_catch_what_they_should(text: str, expected: int) -> None:
    assert len(sharing_violations([parsed("tests/core/test_a.py", text)])) == expected
