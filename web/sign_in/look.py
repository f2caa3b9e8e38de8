"""What the pages of signing in look like: HTML with every text escaped, and a stylesheet beside it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from starlette.responses import HTMLResponse

STYLE = Path(__file__).parent / "assets" / "style.css"
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
FRAME = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>{title} · Waferscope</title>
<link rel="icon" href="/login/icon.svg">
<link rel="stylesheet" href="/login/style.css">
</head>
<body>
<main>
<img class="logo" src="/login/logo.svg" alt="Waferscope" width="150" height="32">
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""


@dataclass(frozen=True)
class Field:
    """One line of a form.

    Args:
        name: under which it is sent.
        label: what stands above it.
        kind: of the input, as "password".
        autofill: what a browser or a password manager puts there.
        value: what stands in it at first.
        hint: below it.
        more: further attributes, names and values.
    """

    name: str
    label: str
    kind: str
    autofill: str
    value: str = ""
    hint: str = ""
    more: dict[str, str] = field(default_factory=dict)

    def html(self, *, focused: bool) -> str:
        """Write it."""
        about = f' aria-describedby="{self.name}-hint"' if self.hint else ""
        hint = f'<p class="hint" id="{self.name}-hint">{escape(self.hint)}</p>' if self.hint else ""
        more = "".join(f' {name}="{escape(value)}"' for name, value in self.more.items())
        return (
            f'<label for="{self.name}">{escape(self.label)}</label>'
            f'<input id="{self.name}" name="{self.name}" type="{self.kind}" autocomplete="{self.autofill}"'
            f' value="{escape(self.value)}"{more}{about}{" autofocus" if focused else ""}>{hint}'
        )


@dataclass(frozen=True)
class Button:
    """A way to sign in elsewhere.

    Args:
        text: on it.
        address: of this app, that leads there.
    """

    text: str
    address: str


def elsewhere(buttons: Sequence[Button], *, focused: bool) -> str:
    """Write buttons that stand above a form, and what parts them from it; nothing where there are none.

    Args:
        buttons: from top to bottom.
        focused: whether the first has the keyboard.
    """
    links = "".join(
        f'<a class="button" href="{escape(one.address)}"{" autofocus" if focused and one is buttons[0] else ""}>'
        f"{escape(one.text)}</a>"
        for one in buttons
    )
    return f'<div class="elsewhere">{links}</div><p class="or"><span>or</span></p>' if buttons else ""


def form(action: str, fields: Sequence[Field], button: str, hidden: dict[str, str], *, focused: bool = True) -> str:
    """Write a form; the first field that one can write in, and in which nothing stands, has the keyboard.

    Args:
        action: where it is sent.
        fields: from top to bottom.
        button: what its button says.
        hidden: what is sent besides, by name.
        focused: whether it has the keyboard.
    """
    first = next((one for one in fields if not one.value and "readonly" not in one.more), None)
    lines = [one.html(focused=focused and one is first) for one in fields]
    lines += [f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in hidden.items()]
    return (
        f'<form method="post" action="{action}">{"".join(lines)}<button type="submit">{escape(button)}</button></form>'
    )


def said(sentence: str, *, refused: bool = True) -> str:
    """Write what a person should read first; nothing where there is nothing to say."""
    if not sentence:
        return ""
    kind, role = ("refused", "alert") if refused else ("told", "status")
    return f'<p class="{kind}" role="{role}">{escape(sentence)}</p>'


def paragraph(text: str) -> str:
    """Write a paragraph."""
    return f"<p>{escape(text)}</p>"


def page(title: str, body: str, status: int = 200) -> HTMLResponse:
    """Return a page that no cache keeps and that may do nothing but be read and sent."""
    headers = {"cache-control": "no-store", "content-security-policy": POLICY}
    return HTMLResponse(FRAME.format(title=escape(title), body=body), status, headers)
