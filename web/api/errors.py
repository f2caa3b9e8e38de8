"""Errors that only requests have."""

from data.errors import WaferError


class NotFoundError(WaferError):
    """What a request names is not there, or not there for who asks."""


class RequestError(WaferError):
    """A field of a request that cannot be used."""


class ChangedError(WaferError):
    """What a request changes is not what who asks has seen."""


class ConflictError(WaferError):
    """What a request asks for does not go as things stand."""


class BusyError(WaferError):
    """Too much is asked at once."""
