from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.sign_in.way_back import way_back

BASE = "https://fab.example/login?next=x"


@pytest.mark.parametrize(
    "asked",
    [
        "/",
        "/wafers",
        "/wafer?key=L1:W01&view=map",
        "/batches/a/results.zip",
        "/wafers?text=a%2F%2Fb",
        "/wafers?text=a//b",
    ],
)
def test_a_page_of_the_app_is_gone_back_to(asked):
    assert way_back(asked) == asked


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "wafers",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        " //evil.example",
        "https://evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "/login?next=//evil.example",
        "/logout",
        "/set-password?token=t",
        "/a\r\nset-cookie: b",
        "/" + "a" * 3000,
        "/\u2028/evil.example",
        "//[evil",
    ],
)
def test_anything_else_leads_to_the_first_page(asked):
    assert way_back(asked) == "/"


@given(st.one_of(st.text(max_size=30), st.text(alphabet="/\\:@?#.%ea\t\n", max_size=12)))
def test_a_browser_stays_on_the_app_whatever_it_is_told(asked):
    back = way_back(asked)
    assert back.isascii()
    assert back.isprintable()
    assert urlsplit(urljoin(BASE, back)).netloc == "fab.example"
