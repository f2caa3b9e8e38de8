"""Takes secrets out of what is shown and logged: passwords and tokens in addresses."""

import logging
import re
import sys
import traceback
from types import TracebackType

HIDDEN = "****"
_ON_DISK = ("file", "memory", "models", "runs", "sqlite")
_OBJECT_STORES = ("abfs", "abfss", "az", "gcs", "gs", "s3", "s3a")
_SERVERS = ("ftp", "http", "https", "mysql", "postgres", "postgresql", "postgresql+pg8000", "ray", "sftp", "ws", "wss")
PLAIN = frozenset((*_ON_DISK, *_OBJECT_STORES, *_SERVERS))
"""Kinds of address whose path is no secret; of any other kind, such as slack://TOKEN/TOKEN, nothing is shown."""
_ADDRESS = re.compile(r"(?P<kind>[a-zA-Z][a-zA-Z0-9+.-]{1,30})://(?P<rest>[^\s\"'<>`]*)")
_WORD = re.compile(r"[a-z][a-z-]{0,19}/?")  # no token: a mistyped kind of address is shown with it
_PERSON = re.compile(r"(?P<user>[^/?#@:]*)(?P<password>:[^/?#]*)?@")
_FIELD = re.compile(
    r"(?P<name>[?&;](?:pass|password|passwd|pwd|token|access_token|api_?key|key|secret|sig|signature)=)[^&#\s]*",
    re.IGNORECASE,
)


def masked(text: str) -> str:
    """Return a text with the secrets of its addresses hidden.

    Example:
        >>> masked("postgresql://ana:geheim@db/fab cannot be reached")
        'postgresql://ana:****@db/fab cannot be reached'
        >>> masked("slack://xoxb-1/T2/C3"), masked("https://t0ken@mlflow.example/?key=1&x=2")
        ('slack://****', 'https://****@mlflow.example/?key=****&x=2')
    """
    return _ADDRESS.sub(_hidden, text) if "://" in text else text


def _hidden(found: re.Match[str]) -> str:
    kind, rest = found["kind"], found["rest"]
    if kind.lower() not in PLAIN and not _WORD.fullmatch(rest):
        closing = rest[len(rest.rstrip(").,;")) :]
        return f"{kind}://{HIDDEN}{closing}"
    person = _PERSON.match(rest)
    if person:
        shown = f"{person['user']}:{HIDDEN}@" if person["password"] is not None else f"{HIDDEN}@"
        rest = shown + rest[person.end() :]
    return f"{kind}://{_FIELD.sub(lambda field: field['name'] + HIDDEN, rest)}"


def mask_logs() -> None:
    """Hide secrets in all that this process logs from now on, and in the traceback that it may end with."""
    make = logging.getLogRecordFactory()
    if getattr(make, "masks", False):
        return

    def masking(*args: object, **named: object) -> logging.LogRecord:
        record = make(*args, **named)
        try:
            record.msg, record.args = masked(record.getMessage()), ()
        except (TypeError, ValueError):  # the words do not fit their places: logging says so itself
            return record
        if record.exc_info and record.exc_info[0] is not None:
            record.exc_text = masked("".join(traceback.format_exception(*record.exc_info)).rstrip("\n"))
        return record

    masking.masks = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(masking)
    sys.excepthook = _last_words


def _last_words(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    sys.stderr.write(masked("".join(traceback.format_exception(kind, error, trace))))
