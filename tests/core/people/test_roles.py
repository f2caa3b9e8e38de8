from itertools import pairwise

import pytest

from core.identity import Person
from core.people.roles import ROLES, WORDS, Permission, Role, may, permit, permit_own
from data.errors import NotAllowedError


def somebody(role: str, scopes=None) -> Person:
    return Person("Ana", "account", 1, role, scopes=scopes)


def test_every_permission_has_words_and_somebody_who_has_it():
    assert set(WORDS) == set(Permission)
    assert ROLES[Role.ADMIN] == set(Permission)


def test_each_role_may_all_that_the_one_before_it_may_and_more():
    ladder = list(Role)
    assert all(ROLES[low] < ROLES[high] for low, high in pairwise(ladder))


@pytest.mark.parametrize(
    ("permission", "first"),
    [
        (Permission.WAFER_READ, Role.VIEWER),
        (Permission.ANNOTATION_WRITE, Role.ANNOTATOR),
        (Permission.ANNOTATION_READ_ALL, Role.REVIEWER),
        (Permission.INFERENCE_WRITE, Role.ENGINEER),
        (Permission.EXPORT_WRITE, Role.ENGINEER),
        (Permission.MODEL_PROMOTE, Role.ML_ENGINEER),
        (Permission.MODEL_DELETE, Role.ADMIN),
        (Permission.USER_WRITE, Role.ADMIN),
        (Permission.SYSTEM_CONFIG, Role.ADMIN),
    ],
)
def test_who_is_the_first_to_have_a_permission(permission, first):
    assert next(role for role in Role if may(somebody(role.value), permission)) is first


def test_without_accounts_everybody_may_everything(monkeypatch):
    monkeypatch.delenv("WAFERSCOPE_ACCOUNTS", raising=False)
    assert all(may(Person("Ana", origin), p) for origin in ("local", "said") for p in Permission)


def test_with_accounts_a_name_that_is_only_said_counts_for_nothing(monkeypatch):
    monkeypatch.setenv("WAFERSCOPE_ACCOUNTS", "on")
    assert not any(may(Person("Ana", "said"), p) for p in Permission)
    assert may(Person("root"), Permission.USER_WRITE)


@pytest.mark.parametrize("role", ["", "emperor", "ADMIN"])
def test_a_role_that_is_not_in_the_table_may_nothing(role):
    assert not any(may(somebody(role), p) for p in Permission)


def test_a_key_may_what_both_its_account_and_its_scopes_say():
    key = somebody("engineer", ("export.write", "model.promote"))
    assert may(key, Permission.EXPORT_WRITE)
    assert not may(key, Permission.MODEL_PROMOTE)
    assert not may(key, Permission.WAFER_READ)


@pytest.mark.parametrize(
    ("person", "permission", "words"),
    [
        (somebody("viewer"), Permission.MODEL_PROMOTE, "may not promote models. Ask an ML engineer or an admin."),
        (somebody("engineer"), Permission.USER_WRITE, "may not change accounts. Ask an admin."),
        (somebody("viewer", ()), Permission.WAFER_READ, "Make a key that has the scope wafer_map.read."),
        (somebody("viewer", ()), Permission.USER_WRITE, "Ask an admin."),
    ],
)
def test_a_refusal_says_what_and_who_may(person, permission, words):
    with pytest.raises(NotAllowedError, match="Ana") as refused:
        permit(person, permission)
    assert words in str(refused.value)


def test_ones_own_asks_for_less_than_what_is_anothers():
    ana = somebody("annotator")
    permit_own(ana, "Ana", Permission.ANNOTATION_WRITE, Permission.ANNOTATION_REVIEW)
    with pytest.raises(NotAllowedError):
        permit_own(ana, "Ben", Permission.ANNOTATION_WRITE, Permission.ANNOTATION_REVIEW)
