import re

import pytest

from web.sign_in.look import POLICY, STYLE, Field, form, page, paragraph, said

HOSTILE = """"><script>alert(1)</script><img src=x onerror='a'>"""


@pytest.mark.parametrize(
    "body",
    [
        said(HOSTILE),
        paragraph(HOSTILE),
        form(
            "/login",
            [Field("a", HOSTILE, "text", "off", HOSTILE, HOSTILE, {"maxlength": HOSTILE})],
            HOSTILE,
            {"b": HOSTILE},
        ),
    ],
)
def test_no_text_becomes_markup(body):
    shown = page(HOSTILE, body).body.decode()
    assert "<script" not in shown
    assert "<img src=x" not in shown
    assert '"">' not in shown


def test_a_page_may_do_nothing_but_be_read_and_sent():
    answer = page("A", "b", 401)
    assert answer.status_code == 401
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["cache-control"] == "no-store"
    assert "script-src" not in POLICY
    assert "default-src 'none'" in POLICY


def test_every_field_has_its_label_its_hint_and_its_autofill():
    shown = form("/login", [Field("email", "E-mail", "email", "username", hint="Yours.")], "Go", {"next": "/"})
    assert (
        '<label for="email">E-mail</label><input id="email" name="email" type="email" autocomplete="username"' in shown
    )
    assert 'aria-describedby="email-hint"' in shown
    assert '<p class="hint" id="email-hint">Yours.</p>' in shown
    assert '<input type="hidden" name="next" value="/">' in shown


def test_the_first_field_that_is_empty_has_the_keyboard():
    fields = [
        Field("a", "A", "text", "off", "full"),
        Field("b", "B", "text", "off", more={"readonly": ""}),
        Field("c", "C", "text", "off"),
    ]
    assert re.findall(r'id="(\w)"[^>]* autofocus', form("/", fields, "Go", {})) == ["c"]


def test_a_refusal_is_read_out_at_once_and_silence_takes_no_room():
    assert 'role="alert"' in said("No.")
    assert 'role="status"' in said("Done.", refused=False)
    assert said("") == ""


def contrast(first: str, second: str) -> float:
    def light(color: str) -> float:
        parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    low, high = sorted((light(first), light(second)))
    return (high + 0.05) / (low + 0.05)


def test_light_and_dark_can_be_read():
    """WCAG AA: 4.5 for text, 3 for the rim of a field."""
    for block in re.findall(r":root \{([^}]+)\}", STYLE.read_text(encoding="utf-8")):
        color = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
        for text, ground in (
            ("text", "card"),
            ("quiet", "card"),
            ("accent", "card"),
            ("quiet", "ground"),
            ("on-accent", "accent"),
            ("on-accent", "pressed"),
            ("refused", "refused-ground"),
            ("text", "told-ground"),
        ):
            assert contrast(color[text], color[ground]) >= 4.5, (text, ground)
        assert contrast(color["field"], color["card"]) >= 3
