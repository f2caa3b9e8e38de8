import pytest

from core.people.claims import ALL, ClaimRules, read_rules, values_of
from core.people.roles import Role
from data.errors import SettingError

GROUPS = ClaimRules(
    role_claim="groups",
    roles={"eng": Role.ENGINEER, "label": Role.ANNOTATOR},
    product_claim="groups",
    products={"a": ("A1", "A2"), "b": ("B1",), "all": (ALL,)},
)


@pytest.mark.parametrize(
    ("groups", "role", "products"),
    [
        (["label", "eng"], Role.ENGINEER, ()),
        (["label", "a", "b"], Role.ANNOTATOR, ("A1", "A2", "B1")),
        (["a", "all"], None, (ALL,)),
        ("eng", Role.ENGINEER, ()),
        ([], None, ()),
        (None, None, ()),
        ([{"eng": 1}, 7, None], None, ()),
        ({"eng": True}, None, ()),
    ],
)
def test_the_highest_role_and_all_products_that_claims_give(groups, role, products):
    claims = {"groups": groups}
    assert (GROUPS.role_of(claims), GROUPS.products_of(claims)) == (role, products)


def test_whom_no_value_gives_anything_gets_the_default():
    rules = read_rules(
        "x",
        {"roles": {"claim": "g", "default": "viewer"}, "products": {"claim": "g", "default": "P"}},
        sign_up=False,
        take_over=False,
    )
    assert (rules.role_of({}), rules.products_of({})) == (Role.VIEWER, ("P",))


def test_a_claim_in_a_claim_and_one_whose_name_is_an_address():
    assert values_of({"a": {"b": {"c": "x"}}}, "a.b.c") == ["x"]
    assert values_of({"https://fab.example/groups": ["x"]}, "https://fab.example/groups") == ["x"]
    assert values_of({"a": "x"}, "a.b") == []


@pytest.mark.parametrize(
    "table",
    [
        {"roles": {"of": {"x": "admin"}}},
        {"roles": {"claim": "groups", "of": {"x": "emperor"}}},
        {"roles": {"claim": "groups", "default": "emperor"}},
        {"roles": {"claim": "groups", "x": "admin"}},
        {"roles": {"claim": 7}},
        {"roles": "groups"},
        {"products": {"claim": "groups", "of": {"x": 7}}},
        {"products": {"claim": "groups", "of": []}},
        {"sign_up_role": "emperor"},
        {"sign_up_products": 7},
        {"sign_up_products": [""]},
    ],
)
def test_nonsense_is_one_sentence(table):
    with pytest.raises(SettingError, match=r"^WAFERSCOPE_OIDC \[fab"):
        read_rules("WAFERSCOPE_OIDC [fab]", table, sign_up=False, take_over=False)
