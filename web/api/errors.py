"""Errors that only requests have."""

from data.errors import WaferError


class NotFoundError(WaferError):
    """What a request names is not there, or not there for who asks."""


class RequestError(WaferError):
    """A field of a request that cannot be used."""


class BusyError(WaferError):
    """Too much is asked at once."""
