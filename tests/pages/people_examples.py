"""What tests of the pages about accounts do with a page."""

import pyotp

from core.database.schema import now

BO = "bo@fab.example"


def button(app, label):
    return next(one for one in app.button if one.label == label)


def field(app, label):
    return next(one for one in app.text_input if one.label == label)


def toggle(app, label):
    return next(one for one in app.toggle if one.label == label)


def words(app):
    """All texts of a page."""
    return " ".join(str(one.value) for kind in ("markdown", "caption", "info", "error") for one in app.get(kind))


def code_of(secret):
    """Code that an authenticator app shows now."""
    return pyotp.TOTP(secret).at(now())
