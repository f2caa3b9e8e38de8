"""A watcher that kills itself in the middle of its work."""

import multiprocessing
import os
import signal

from core.ingestion.inbox import Inbox
from core.lake import Lake
from jobs.watch import main

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["tests.jobs.watch_worker"])
STEPS = ((Inbox, "take"), (Inbox, "finish"), (Inbox, "fail"), (Lake, "append_wafers"), (Lake, "append_results"))


def watch_until_step(words: list[str], step: int, after: bool) -> None:
    """Run the job and die by SIGKILL before, or right after, its step of this number."""
    done = 0

    def deadly(method):
        def wrapped(*given, **named):
            nonlocal done
            done += 1
            if done > step and not after:
                os.kill(os.getpid(), signal.SIGKILL)
            answer = method(*given, **named)
            if done > step:
                os.kill(os.getpid(), signal.SIGKILL)
            return answer

        return wrapped

    for owner, name in STEPS:
        setattr(owner, name, deadly(getattr(owner, name)))
    main(words)
