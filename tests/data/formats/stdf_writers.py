"""Records of STDF V4, one function each, to write small files of any order of records."""

import struct
from collections.abc import Iterable

START = 1_777_645_800  # 2026-05-01 14:30:00 UTC
UNKNOWN = 2**32 - 1
Die = tuple[int, int, int]


class Records:
    """Writes records in one byte order.

    Args:
        order: "<" little-endian, ">" big-endian.
    """

    def __init__(self, order: str = "<") -> None:
        self._order = order

    def raw(self, kind: int, sub: int, body: bytes) -> bytes:
        return struct.pack(self._order + "HBB", len(body), kind, sub) + body

    def _record(self, kind: int, sub: int, layout: str, *values: object, texts: Iterable[str] = ()) -> bytes:
        words = b"".join(bytes([len(text)]) + text.encode() for text in texts)
        return self.raw(kind, sub, struct.pack(self._order + layout, *values) + words)

    def far(self, version: int = 4, cpu: int | None = None) -> bytes:
        return self._record(0, 10, "BB", (1 if self._order == ">" else 2) if cpu is None else cpu, version)

    def mir(self, lot: str = "LOT7", *, code: str = "", flow: str = "", retest: str = " ", start: int = START) -> bytes:
        texts = [lot, "CHIP-A", "node1", "J750", "sort_v3", *[""] * 5, code, *[""] * 12, flow, *[""] * 6]
        head = (start, start, 1, b"P", retest.encode(), b" ", 65535, b" ")
        return self._record(1, 10, "IIBcccHc", *head, texts=texts)

    def sdr(self, group: int, sites: Iterable[int], head: int = 1) -> bytes:
        sites = list(sites)
        layout = f"BBB{len(sites)}B"
        return self._record(1, 80, layout, head, group, len(sites), *sites, texts=[""] * 16)

    def wcr(self) -> bytes:
        values = (150.0, 5.0, 7.5, 3, b"D", -32768, -32768, b"R", b"U")
        return self._record(2, 30, "fffBchhcc", *values)

    def wir(self, name: str = "W05", *, head: int = 1, group: int = 255, start: int = START) -> bytes:
        return self._record(2, 10, "BBI", head, group, start, texts=[name])

    def part(
        self,
        x: int,
        y: int,
        number: int = 1,
        *,
        flags: int | None = None,
        name: str = "",
        head: int = 1,
        site: int = 0,
        soft: int | None = None,
    ) -> bytes:
        flags = (0 if number == 1 else 8) if flags is None else flags
        begin = self._record(5, 10, "BB", head, site)
        values = (head, site, flags, 9, number, number if soft is None else soft, x, y, 20)
        return begin + self._record(5, 20, "BBBHHHhhI", *values, texts=[name, "", ""])

    def parts(self, dies: Iterable[Die], **said: int) -> bytes:
        return b"".join(self.part(x, y, number, **said) for x, y, number in dies)

    def wrr(
        self,
        name: str = "W05",
        *,
        head: int = 1,
        group: int = 255,
        finish: int = START + 600,
        tested: int = UNKNOWN,
        retested: int = UNKNOWN,
        good: int = UNKNOWN,
        functional: int = UNKNOWN,
    ) -> bytes:
        values = (head, group, finish, tested, retested, UNKNOWN, good, functional)
        return self._record(2, 20, "BBIIIIII", *values, texts=[name, *[""] * 5])

    def hbr(self, number: int, verdict: str, count: int = 1) -> bytes:
        return self._record(1, 40, "BBHIc", 255, 0, number, count, verdict.encode(), texts=["bin"])

    def mrr(self, finish: int = START + 900, note: str = "") -> bytes:
        return self._record(1, 20, "Ic", finish, b" ", texts=[note, ""])

    def lot(self, *middle: bytes, **said: str | int) -> bytes:
        """A whole lot around some records."""
        return self.far() + self.mir(**said) + b"".join(middle) + self.mrr()
