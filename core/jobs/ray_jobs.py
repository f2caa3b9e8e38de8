"""A job run by a Ray cluster, whose machines see this code and the home folder under the same paths."""

import argparse
import importlib.util
import os
import shlex
import signal
import sys
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from functools import partialmethod
from pathlib import Path
from typing import TYPE_CHECKING

from core.jobs.folder import LOG
from core.jobs.local_run import BEAT_SECONDS, GRACE_SECONDS
from core.jobs.store import ALONE
from core.jobs.supervised import SILENT_SECONDS
from core.settings import PREFIX
from data.errors import SettingError

if TYPE_CHECKING:
    from ray.dashboard.modules.job.pydantic_models import JobDetails
    from ray.job_submission import JobSubmissionClient

RAY_VERSION = "2.60.0"
VARIABLE = "WAFERSCOPE_RAY_ADDRESS"
ANSWER_SECONDS = 30.0
STOP_SECONDS = 30.0  # for a job that was told to end; Ray kills it before, unless it never got a machine
FOLDER_KEY = "waferscope_job"


def require_ray() -> None:
    """See that Ray is installed.

    Raises:
        SettingError: it is not.
    """
    if importlib.util.find_spec("ray") is None:
        raise SettingError(
            VARIABLE,
            "it is set, but Ray is not installed",
            f"Run pip install 'ray[default,data]=={RAY_VERSION}', or unset it to work on this machine.",
        )


class RayRun:
    """A job that a cluster runs. It ends by itself when this process is gone and says no more that it lives.

    Args:
        words: module and its command line. A job that takes a machine for itself asks for as many GPUs as its --devices
            says, where the cluster has such.
        folder: of the job; what the job prints is appended to the log there.
        address: of the cluster, as WAFERSCOPE_RAY_ADDRESS has it.
        silent_seconds: for which the cluster may not answer before the job counts as lost.

    Raises:
        SettingError: Ray is not installed, or the cluster cannot be reached or does not take jobs.
    """

    def __init__(
        self, words: Sequence[str], folder: Path, address: str, *, silent_seconds: float = SILENT_SECONDS
    ) -> None:
        require_ray()
        self._address, self._silent_seconds = address, silent_seconds
        self._log = folder / LOG
        self._watched = folder / f"watched-{uuid.uuid4().hex}"
        self._watched.touch()
        self._stop_asked_at: float | None = None
        try:
            self._client = _client(address)
            self._end_earlier(folder)
            self._name = self._client.submit_job(
                entrypoint=self._line(words),
                runtime_env={"env_vars": _environment()},
                metadata={FOLDER_KEY: str(folder)},
                entrypoint_num_gpus=_gpus(words, self._client),
            )
        except Exception as error:  # Ray's errors share no base but Exception
            self.close()
            raise SettingError(
                VARIABLE,
                f"the Ray cluster at {address} takes no jobs: {_said(error)}",
                "See that it runs, with ray[default] and a dashboard that this machine reaches (ray start --head "
                "--dashboard-host=0.0.0.0). Then start the job again, or unset the variable to work on this machine.",
            ) from error
        print(f"Ray at {address} took this as {self._name}; it starts once a machine is free", flush=True)
        self._log_bytes = self._log.stat().st_size
        self._heard_at = time.monotonic()

    def wait(self, seconds: float) -> int | None:
        """Wait so long, then give its exit code, None while it runs or waits for a machine."""
        time.sleep(seconds)
        self._watched.touch()
        try:
            found = self._client.get_job_info(self._name)
        except Exception as error:  # the cluster, or the way to it, is away
            return self._unheard(error)
        self._heard_at = time.monotonic()
        if found.status.is_terminal():
            return self._exit_code(found)
        late = self._stop_asked_at is not None and time.monotonic() - self._stop_asked_at > STOP_SECONDS
        return -signal.SIGTERM if late else None

    def end(self) -> None:
        """Have Ray tell it to end, and kill it when it has not in time."""
        if self._stop_asked_at is None:
            with suppress(Exception):  # asked again at the next beat
                self._client.stop_job(self._name)
                self._stop_asked_at = time.monotonic()

    def close(self) -> None:
        """End the heartbeat of this process: whatever of the job still runs, or starts later, ends."""
        self._watched.unlink(missing_ok=True)

    def _line(self, words: Sequence[str]) -> str:
        """Return the shell's line; Ray itself would hold a job to one thread."""
        command = [
            "env",
            "-u",
            "OMP_NUM_THREADS",
            sys.executable,
            "-u",
            "-m",
            "core.jobs.supervised",
            str(self._watched),
        ]
        command += [sys.executable, "-u", "-m", *words]
        log = shlex.quote(str(self._log))
        return f"cd {shlex.quote(str(Path.cwd()))} && exec {shlex.join(command)} >> {log} 2>&1"

    def _end_earlier(self, folder: Path) -> None:
        """End what an earlier watcher of the same job, which was killed, left on the cluster."""
        earlier = [
            one.submission_id
            for one in self._client.list_jobs()
            if one.submission_id and (one.metadata or {}).get(FOLDER_KEY) == str(folder)
        ]
        until = time.monotonic() + STOP_SECONDS
        for name in earlier:
            while not self._client.get_job_status(name).is_terminal() and time.monotonic() < until:
                self._client.stop_job(name)
                time.sleep(BEAT_SECONDS)
        for deserted in set(folder.glob("watched-*")) - {self._watched}:
            deserted.unlink()  # what still waits for a machine ends as soon as it gets one

    def _unheard(self, error: Exception) -> int | None:
        if time.monotonic() - self._heard_at < self._silent_seconds:
            return None
        silent = f"Ray at {self._address} has not answered for {self._silent_seconds:.0f} seconds"
        print(f"{silent}: {_said(error)}", flush=True)
        return -signal.SIGKILL

    def _exit_code(self, found: "JobDetails") -> int:
        if self._log.stat().st_size == self._log_bytes and found.driver_exit_code != 0:
            print(found.message, flush=True)  # the job came not so far as to say why itself
        if found.driver_exit_code is not None:
            return found.driver_exit_code
        if found.status == "STOPPED":
            return -signal.SIGTERM
        return 1 if found.driver_node_id is None else -signal.SIGKILL  # not started, or gone with its machine


def _client(address: str) -> "JobSubmissionClient":
    """Connect to a cluster; nothing that is asked of it later waits for ever."""
    from ray.job_submission import JobSubmissionClient

    class Bounded(JobSubmissionClient):
        _do_request = partialmethod(JobSubmissionClient._do_request, timeout=ANSWER_SECONDS)

    return Bounded(address)


def _environment() -> dict[str, str]:
    """Variables of the job: what concerns Waferscope. The rest is the cluster's own."""
    ours = {name: value for name, value in os.environ.items() if name.startswith(PREFIX) or name == "PYTHONPATH"}
    return ours | {
        VARIABLE: "auto",  # a job finds the cluster that it is on, by which Ray Data works; over ray:// it does not
        # Ray kills the processes that it told; core.jobs.supervised, which has to come first, kills the whole group.
        "RAY_JOB_STOP_WAIT_TIME_S": str(round(GRACE_SECONDS + 5)),
    }


def _gpus(words: Sequence[str], client: "JobSubmissionClient") -> int | None:
    """How many GPUs a job asks for, None for none."""
    from ray.util.state import list_nodes

    if words[0].removeprefix("jobs.") not in ALONE:
        return None
    flags = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    flags.add_argument("--devices", type=int, default=1)
    nodes = list_nodes(address=client.get_address(), filters=[("state", "=", "ALIVE")])
    most = max((int((node.resources_total or {}).get("GPU", 0)) for node in nodes), default=0)
    return min(flags.parse_known_args(words[1:])[0].devices, most) or None


def _said(error: Exception) -> str:
    """Last line of an error's text, without a final stop."""
    return (str(error).strip().splitlines() or [type(error).__name__])[-1].rstrip(".")
