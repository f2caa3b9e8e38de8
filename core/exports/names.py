"""Names that results take in folders and archives: safe on every system, and never twice."""

import hashlib
import re
import unicodedata

MAX_PART_BYTES = 80
MAX_MEMBER_BYTES = 1000
_UNSAFE = re.compile(r"[^\w.\-]+")
_UNZIPPABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


def safe_part(text: str) -> str:
    """Turn a lot or wafer name into a part of a file name that Linux, macOS and Windows all take.

    Args:
        text: any text. Letters and digits of every script, "-", "_" and inner "." stay; each run of others becomes "_".

    Returns:
        At most 80 bytes of UTF-8; a longer name is cut and ends with eight digits of its hash.

    Example:
        >>> safe_part("../lot 7/a"), safe_part("...")
        ('_lot_7_a', 'x')
    """
    part = _UNSAFE.sub("_", unicodedata.normalize("NFC", text)).strip(".") or "x"
    return _shortened(part, MAX_PART_BYTES)


def stem_of_names(lot_id: str, wafer_id: str) -> str:
    """Name a wafer's files.

    Example:
        >>> stem_of_names("LOT/7", "W01")
        'LOT_7_W01'
    """
    return f"{safe_part(lot_id)}_{safe_part(wafer_id)}"


def member_name(key: str) -> str:
    r"""Name a wafer's array inside an .npz: its key, as long as a zip archive can hold that key.

    Control characters and lone surrogates, which an archive cuts or refuses, are written as %XX; a key of over 1000
    bytes is cut and ends with eight digits of its hash.

    Example:
        >>> member_name("LOT/1:W05"), member_name("L\x00:W1")
        ('LOT/1:W05', 'L%00:W1')
    """
    return _shortened(_UNZIPPABLE.sub(lambda found: f"%{ord(found.group()):02X}", key), MAX_MEMBER_BYTES)


class UniqueNames:
    """Names handed out once each; one that comes again gets the suffix "~2", "~3" and so on.

    Capitals do not tell names apart, as on Windows and macOS.

    Example:
        >>> names = UniqueNames()
        >>> names.take("L_W1"), names.take("l_w1"), names.take("L_W1")
        ('L_W1', 'l_w1~2', 'L_W1~3')
    """

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}

    def take(self, name: str) -> str:
        """Return `name`, or its first free variant."""
        folded = name.casefold()
        if folded not in self._taken:
            self._taken[folded] = 1
            return name
        while True:
            self._taken[folded] += 1
            variant = f"{name}~{self._taken[folded]}"
            if variant.casefold() not in self._taken:
                self._taken[variant.casefold()] = 1
                return variant


def _shortened(text: str, most_bytes: int) -> str:
    encoded = text.encode()
    if len(encoded) <= most_bytes:
        return text
    digits = hashlib.sha256(encoded).hexdigest()[:8]
    return f"{encoded[: most_bytes - 9].decode(errors='ignore')}-{digits}"
