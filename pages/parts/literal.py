"""Names from files and people on screen, letter by letter: no markdown, HTML, formula, icon, link or picture.

Streamlit reads most of its texts as markdown, Plotly its texts as a little HTML, so a name goes through here before it
is put among other words. Texts that neither reads stay as they are: `st.text`, cells of `st.dataframe`, the choices of
`st.selectbox` and `st.multiselect`, `alt`, and what components write as text.
"""

import re
from html import escape

_SPLIT = ":gray[]"
"""Grey nothing: it shows nothing, and parts text in which Streamlit would replace words after escapes are gone."""
_MARKS = re.compile(r"([\\`*{}\[\]<>$&~|!#]|:(?!\s)|(?<![^\W_])_|_(?![^\W_]))")
"""What markdown takes for more than a letter; no colon before a blank, no underscore within a word."""
_OPENS_A_LINE = re.compile(r"^(\d{1,9}(?=[.)])|)(?=[-+=.)])")
_REPLACED_LATER = re.compile(
    r"(?<=:)(?=[\w+/-]+:)"  # an emoji or an icon, :name:
    r"|(?<=-)(?=>)|(?<=<)(?=-)|(?<=[<>~])(?==)|(?<=-)(?=-)"  # an arrow or a sign
    r"|(?<=:)(?=//)|(?<=ww)(?=w)|(?<=@)(?=[-\w]+\.)",  # an address
    re.IGNORECASE,
)
_EDGE = re.compile(r"^\s+|\s+$")


def literal(text: object) -> str:
    r"""Write a text such that markdown shows it as it is, alone or within a line.

    Line ends become blanks. Blanks at either end stay, which would otherwise keep the marks around them from taking.

    Example:
        >>> literal("LOT-7"), literal("**bold** :red[hot]")
        ('LOT-7', '\\*\\*bold\\*\\* \\:red\\[hot\\]')
        >>> literal("a -> b")
        'a -:gray[]\\> b'
    """
    line = " ".join(str(text).splitlines())
    parts = (_OPENS_A_LINE.sub(r"\1\\", _MARKS.sub(r"\\\1", part)) for part in _REPLACED_LATER.split(line))
    return _EDGE.sub(lambda blanks: "".join(f"&#{ord(blank)};" for blank in blanks.group()), _SPLIT.join(parts))


def in_chart(text: object) -> str:
    """Write a text such that Plotly shows it as it is: on axes, in legends, labels and what it says on pointing.

    Example:
        >>> in_chart("<b>7</b> & more")
        '&lt;b&gt;7&lt;/b&gt; &amp; more'
    """
    return escape(str(text), quote=False)


def said_key(key: str) -> str:
    """Write a wafer's key as people say it, lot and wafer; as it is where one of these holds a colon itself.

    Example:
        >>> said_key("LOT7:W05"), said_key("a:b:W05")
        ('LOT7 W05', 'a:b:W05')
    """
    return key.replace(":", " ") if key.count(":") == 1 else key
