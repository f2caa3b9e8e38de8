"""A Ray of a test's own: started and ended as one process group, so that nothing of it stays."""

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

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
    environment = {
        **os.environ, **environment, "PYTHONPATH": str(ROOT), "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32),
    }  # fmt: skip
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env=environment, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        yield {**environment, "WAFERSCOPE_RAY_ADDRESS": holder.stdout.readline().strip()}
    finally:
        holder.stdin.close()
        try:
            holder.wait(20)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(holder.pid, signal.SIGKILL)
