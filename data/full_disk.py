"""What to say where a disk takes no more: one sentence, however deep it was met."""

import errno
import re
from collections.abc import Iterator
from pathlib import Path

KINDS = {
    errno.ENOSPC: "The disk is full",
    errno.EDQUOT: "The disk is full for this account, whose quota is used up",
    errno.EROFS: "The disk can only be read",
}
REMEDIES = {
    errno.ENOSPC: "Free some space, or move WAFERSCOPE_HOME to a larger disk, and do it again.",
    errno.EDQUOT: "Free some space, or have the quota raised, and do it again.",
    errno.EROFS: "Let it be written to, or move WAFERSCOPE_HOME to another disk, and do it again.",
}
_SAID = {
    errno.ENOSPC: re.compile(r"no space left on device|database or disk is full|errno 28\b", re.IGNORECASE),
    errno.EDQUOT: re.compile(r"disk quota exceeded|errno 122\b", re.IGNORECASE),
    errno.EROFS: re.compile(r"read-only file system|attempt to write a readonly database|errno 30\b", re.IGNORECASE),
}
"""What libraries say of it that keep no number."""


def full_disk(error: BaseException) -> str:
    """Return the sentence of an error that comes from a disk which takes no more, "" of any other error.

    Args:
        error: whatever was raised; what it was raised from is looked at, too.

    Example:
        >>> full_disk(OSError(28, "No space left on device", "/data/lake/x"))[:62]
        'The disk is full: /data/lake/x could not be written. Nothing h'
        >>> full_disk(ValueError("other"))
        ''
    """
    for one in _chain(error):
        number = _number(one)
        if number:
            name = getattr(one, "filename", None)
            what = f"{Path(str(name))} could not be written" if name else "what was to be kept could not be written"
            return f"{KINDS[number]}: {what}. Nothing half-written is kept. {REMEDIES[number]}"
    return ""


def _number(error: BaseException) -> int:
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno if error.errno in KINDS else 0
    return next((number for number, said in _SAID.items() if said.search(str(error))), 0)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error and what it was raised from, the deepest first, which knows best."""
    chain: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in chain:
        chain.append(one)
        one = one.__cause__ or one.__context__
    return reversed(chain)
