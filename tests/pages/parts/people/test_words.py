import pytest

from pages.parts.people.words import browser_words, product_words, role_words, sign_in_words

GECKO = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
EDGE = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Mobile/15E148 Safari/604.1"
)
TABLET = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"


@pytest.mark.parametrize(
    ("browser", "said"),
    [
        (GECKO, "Firefox on Windows"),
        (EDGE, "Edge on Windows"),
        (PHONE, "Safari on iPhone"),
        (TABLET, "Chrome on Android"),
        ("Firefox/140", "Firefox"),
        ("", "unknown browser"),
        ("x" * 200, "x" * 60),
    ],
)
def test_browsers_are_named_as_their_owners_know_them(browser, said):
    assert browser_words(browser) == said


def test_roles_products_and_ways_of_signing_in_are_named():
    assert [role_words(role) for role in ("viewer", "ml_engineer")] == ["viewer", "ML engineer"]
    assert [product_words(products) for products in (None, [], ["A", "B"])] == ["all products", "no products", "A, B"]
    assert [sign_in_words(way) for way in ("local", "oidc:fab", "proxy")] == ["password", "fab", "proxy"]
