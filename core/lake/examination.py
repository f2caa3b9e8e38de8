"""Looking through all parts of a lake for damage, and moving what is damaged out of the way."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.lake.compaction import LOCK
from core.lake.part_faults import Damage, checksum_in, fault_of
from core.lake.parts import Parts
from data.errors import LakeError

ASIDE = "set-aside"
"""Folder of the lake that damaged parts are moved to, table by table."""


@dataclass(frozen=True)
class Examined:
    """One step of an examination.

    Args:
        done: parts looked at so far.
        total: parts in all.
        damage: of the part that was looked at last, None where it is whole.
    """

    done: int
    total: int
    damage: Damage | None


def examine(parts: Parts, *, verify: bool = False) -> Iterator[Examined]:
    """Look at every part of a lake, those that a merge has replaced included.

    Args:
        parts: the lake's files.
        verify: read every byte, and compare it with the checksum in the part's name; parts that are older than that are
            read row by row. False looks at the end of each file alone, which tells a part that is cut off.

    Yields:
        One step a part.

    Raises:
        LakeError: the storage cannot be reached.
    """
    found = [(table, name) for table, names in parts.everything().items() for name in sorted(names)]
    for number, (table, name) in enumerate(found, 1):
        rows = verify and not checksum_in(name)
        reason = fault_of(parts.folder, table, name, rows=rows, checksum=verify)
        yield Examined(number, len(found), Damage(table, name, reason) if reason else None)


def set_aside(parts: Parts, damaged: Sequence[Damage]) -> list[str]:
    """Move damaged parts to a folder of the lake that nobody reads.

    Args:
        parts: the lake's files.
        damaged: what to move; one that a merge has taken away meanwhile is fine.

    Returns:
        Paths or URLs of where they are now.

    Raises:
        LakeError: a merge is under way.
        OSError: the storage refuses.
    """
    moved = []
    with parts.folder.claimed(LOCK) as mine:
        if not mine:
            raise LakeError(parts.folder.address(""), "a merge of its parts is under way", "Try again in a minute.")
        for damage in damaged:
            place = f"{damage.table}/{damage.name}"
            if damage.name in parts.folder.names(damage.table):
                parts.folder.move(place, f"{ASIDE}/{place}")
                moved.append(parts.folder.address(f"{ASIDE}/{place}"))
    return moved
