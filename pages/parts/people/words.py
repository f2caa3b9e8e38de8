"""How the pages about accounts name roles, products, times, browsers and ways of signing in."""

from collections.abc import Sequence
from datetime import datetime

from core.people.accounts import LOCAL

ALL_PRODUCTS = "all products"
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
"""By what is in the text with which a browser calls itself; many claim to be another too, so the order counts."""
_LONGEST = 60


def role_words(role: str) -> str:
    """Return a role as people read it.

    Example:
        >>> role_words("ml_engineer")
        'ML engineer'
    """
    return role.replace("_", " ").replace("ml ", "ML ")


def product_words(products: Sequence[str] | None) -> str:
    """Return whose wafers somebody sees.

    Example:
        >>> product_words(None), product_words([]), product_words(["A", "B"])
        ('all products', 'no products', 'A, B')
    """
    return ALL_PRODUCTS if products is None else ", ".join(products) or "no products"


def sign_in_words(sign_in: str) -> str:
    """Return how somebody signs in.

    Example:
        >>> sign_in_words("local"), sign_in_words("oidc:fab"), sign_in_words("proxy")
        ('password', 'fab', 'proxy')
    """
    return "password" if sign_in == LOCAL else sign_in.removeprefix("oidc:")


def moment_words(moment: datetime | None, never: str = "never") -> str:
    """Return a time to the minute.

    Example:
        >>> moment_words(datetime(2026, 5, 1, 14, 30)), moment_words(None)
        ('2026-05-01 14:30 UTC', 'never')
    """
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else never


def browser_words(browser: str) -> str:
    """Return a browser as its owner knows it, by how it calls itself.

    Example:
        >>> browser_words("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36")
        'Chrome on Linux'
        >>> browser_words("curl/8.0")
        'curl/8.0'
    """
    name = next((name for mark, name in BROWSERS if mark in browser), "")
    system = next((name for mark, name in SYSTEMS if mark in browser), "")
    if name and system:
        return f"{name} on {system}"
    return name or browser[:_LONGEST] or "unknown browser"
