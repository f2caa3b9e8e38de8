"""Which process is which: a number alone is given again to another once its process is gone."""

from pathlib import Path


def name_of(pid: int) -> str | None:
    """Name a process so that no other ever has the name: number, start, and boot of the machine.

    Args:
        pid: its number.

    Returns:
        The name, None when no such process lives; one that ended and waits for its parent does not live.

    Example:
        >>> import os
        >>> is_alive(name_of(os.getpid()))
        True
        >>> is_alive("1 0 of-another-boot")
        False
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, start = fields[0], fields[19]
    return None if state in "ZX" else f"{pid} {start} {boot}"


def is_alive(name: str | None) -> bool:
    """Return whether the process of this name, and no other that took its number, lives on this machine."""
    return bool(name) and name_of(int(str(name).partition(" ")[0])) == name
