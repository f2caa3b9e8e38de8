"""Where a person goes after signing in: to the page that was asked for, and never to another website."""

import re
from urllib.parse import quote, urlsplit

HOME = "/"
LONGEST = 2000

_NO_ADDRESS = re.compile(r"[\x00-\x20\x7f-\x9f\\\u2028\u2029]")
_OURS = re.compile(r"/(?!/)")
_NOWHERE = ("/login", "/logout", "/set-password")


def way_back(asked: str) -> str:
    """Return the place of this app that a text names, the first page where it names none.

    Example:
        >>> way_back("/wafer?key=L1:W01"), way_back("//evil.example"), way_back("https://evil.example")
        ('/wafer?key=L1:W01', '/', '/')
    """
    if len(asked) > LONGEST or not _OURS.match(asked) or _NO_ADDRESS.search(asked):
        return HOME
    try:
        parts = urlsplit(asked)
    except ValueError:
        return HOME
    if parts.scheme or parts.netloc or parts.path.startswith(_NOWHERE) or parts.path.startswith("//"):
        return HOME
    return quote(asked, safe="/?&=%:+,;@!$'()*~#[]-._")
