"""A Ray of a test's own: started and ended as one process group, so that nothing of it stays."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.source_tree import ROOT

HOLD = """
import sys, ray
ray.init(
    num_cpus=1, include_dashboard=False, object_store_memory=80 * 2**20, log_to_driver=False,
    _node_ip_address="127.0.0.1",
)
print(ray.get_runtime_context().gcs_address, flush=True)
sys.stdin.read()
ray.shutdown()
"""


@contextmanager
def running_ray(environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """Start a Ray of one processor, and give the environment in which it is found.

    Args:
        environment: of its workers.
    """
    environment = {**_surroundings(), **environment, "PYTHONPATH": str(ROOT)}
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        text=True,
        start_new_session=True,
    )
    try:
        yield {**environment, "WAFERSCOPE_RAY_ADDRESS": holder.stdout.readline().strip()}
    finally:
        holder.stdin.close()
        _end(holder)


@contextmanager
def running_head(gpus: int) -> Iterator[dict[str, str]]:
    """Start a Ray of one processor that takes jobs, and give the environment in which it is found.

    Args:
        gpus: how many it says that it has; the jobs see no real one.

    Yields:
        The environment, with the address of Ray's clients as RAY_CLIENT_ADDRESS.
    """
    client = _free_port()
    with tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as folder:
        words = [
            "--head",
            "--block",
            "--num-cpus=1",
            f"--num-gpus={gpus}",
            f"--object-store-memory={80 * 2**20}",
            f"--temp-dir={folder}",
            "--node-ip-address=127.0.0.1",
            "--port=0",
            f"--ray-client-server-port={client}",
            "--include-dashboard=true",
            "--dashboard-host=127.0.0.1",
            "--dashboard-port=0",
            "--dashboard-agent-listen-port=0",
            "--min-worker-port=0",
            "--max-worker-port=0",
        ]
        environment, log = _surroundings(), Path(folder) / "head.txt"
        with log.open("wb") as output:
            head = subprocess.Popen(
                [str(Path(sys.executable).with_name("ray")), "start", *words],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment,
                start_new_session=True,
            )
        try:
            address = Path(folder) / "ray_current_cluster"
            while not (address.exists() and address.read_text()):
                assert head.poll() is None, log.read_text()
                time.sleep(0.1)
            yield {
                **environment,
                "WAFERSCOPE_RAY_ADDRESS": address.read_text(),
                "RAY_CLIENT_ADDRESS": f"ray://127.0.0.1:{client}",
            }
        finally:
            head.terminate()
            _end(head)


def _surroundings() -> dict[str, str]:
    """This process's environment, with a token without which nobody else gives this Ray work."""
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    return {**os.environ, "RAY_USAGE_STATS_ENABLED": "0", **token}


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _end(started: subprocess.Popen) -> None:
    with suppress(subprocess.TimeoutExpired):
        started.wait(20)
    with suppress(ProcessLookupError):
        os.killpg(started.pid, signal.SIGKILL)
    started.wait()
