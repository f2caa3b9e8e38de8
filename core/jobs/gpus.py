"""How busy the machine's GPUs are, as NVIDIA's own tool says."""

import shutil
import socket
import subprocess
from dataclasses import dataclass

TOOL = "nvidia-smi"
PATIENCE_SECONDS = 5


@dataclass(frozen=True)
class GpuUse:
    """One GPU.

    Args:
        name: as its maker calls it.
        busy: share of the last second in which it computed, 0 to 1.
        memory_used_mb: of its memory.
        memory_mb: of its memory in all.
    """

    name: str
    busy: float
    memory_used_mb: int
    memory_mb: int


def gpu_use() -> list[GpuUse]:
    """List the GPUs, none on a machine without any or whose tool does not answer."""
    tool = shutil.which(TOOL)
    if tool is None:
        return []
    query = "--query-gpu=name,utilization.gpu,memory.used,memory.total"
    try:
        said = subprocess.run(
            [tool, query, "--format=csv,noheader,nounits"],
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=True,
        ).stdout
        return [_read(line) for line in said.splitlines() if line.strip()]
    except (OSError, subprocess.SubprocessError, ValueError):
        return []


def is_here(host: str) -> bool:
    """Whether a job's machine is this one, whose GPUs `gpu_use` lists."""
    return host == socket.gethostname()


def _read(line: str) -> GpuUse:
    name, busy, used, memory = (part.strip() for part in line.rsplit(",", 3))
    return GpuUse(name, int(busy) / 100, int(used), int(memory))
