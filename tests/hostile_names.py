"""Names that a stranger may give a lot, a wafer or a file, so that a page that shows them does more than show them.

Whatever fetches a picture from one of them asks port 9 of this machine, where nothing listens.
"""

import re

NAMES = (
    "![pixel1](http://127.0.0.1:9/pixel1.png)",
    "<img src=http://127.0.0.1:9/tag2.png onerror=alert(2)>",
    "**bold3**",
    "[link4](javascript:alert(4))",
    ":material/skull: :red[hot5] :smile:",
    r"$\frac{1}{tex6}$ and $x$",
    "`code7` ~~struck~~ H~2~",
    "=cmd|' /C calc8'!A0",
    "|pipe9|b| :streamlit:",
    "http://127.0.0.1:9/auto10 www.auto10.example a@auto10.example",
    "arrow11 -> b <- c -- d >= e <= f ~= g <-> h",
    "# head12",
    "1. item13",
    "- [ ] task14",
    "<b>fat15</b> &amp; &lt; %{x} <a href='javascript:alert(15)'>a</a>",
    "__main16__ *slanted* a_b_c",
    "long17" + "o" * 194,
    "\u202ekcab18\u202c a\u200bb",
    "==head19==",
    "+1 plus20",
)
MARKS = tuple(re.findall(r"[a-z]+\d+", name)[0] for name in NAMES)
"""A word of each name that no other text holds."""


def misshown(text: str) -> list[str]:
    """Return where a text holds the word of a name, but not the name as it is; blanks count as one."""
    shown = " ".join(text.split())
    for name in sorted(NAMES, key=len, reverse=True):
        shown = shown.replace(" ".join(name.split()), "")
    return [shown[max(0, shown.index(mark) - 60) :][:160] for mark in MARKS if mark in shown]
