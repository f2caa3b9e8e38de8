"""Why the reading of a file was ended, each as a sentence with what to do."""

import signal

from core.reading.limits import ReadLimits
from core.settings import PREFIX
from data.errors import ReadingError

_CPU, _SECONDS, _MEMORY = "READ_CPU_SECONDS", "READ_SECONDS", "READ_MEMORY_MB"


def too_many_wafers(name: str, limits: ReadLimits) -> ReadingError:
    """Return that a file gave as many wafers as it may."""
    return _beyond(name, f"it holds more than {limits.wafers:,} wafers; the rest was not read", "READ_WAFERS")


def too_many_failures(name: str, limits: ReadLimits) -> ReadingError:
    """Return that a file gave as many failures as it may."""
    problem = f"more than {limits.failures:,} parts of it could not be read; the rest was not tried"
    return _beyond(name, problem, "READ_FAILURES", "Check what wrote it")


def too_much_output(name: str, limits: ReadLimits) -> ReadingError:
    """Return that the wafers of a file take as much room as they may."""
    return _beyond(name, f"its wafers take more than {limits.output_mb:,} MiB; the rest was not read", "READ_OUTPUT_MB")


def too_much_memory(name: str, limits: ReadLimits) -> ReadingError:
    """Return that reading a file takes more memory than it may."""
    return _beyond(name, f"reading it takes more than {limits.memory_mb:,} MiB of memory", _MEMORY)


def too_slow(name: str, seconds: float, given: int) -> ReadingError:
    """Return that a file was waited for as long as it may be."""
    return _beyond(name, f"reading it took more than {_told(seconds)}{_after(given)}", _SECONDS)


def all_busy(name: str, limits: ReadLimits) -> ReadingError:
    """Return that no process was free to read a file."""
    many = f"{limits.processes} other files were" if limits.processes > 1 else "another file was"
    problem = f"{many} being read for {_told(limits.wait_seconds)} and it did not get its turn"
    return _beyond(name, problem, "READ_PROCESSES", "Try again later")


def cancelled(name: str, given: int) -> ReadingError:
    """Return that a person ended the reading of a file."""
    return ReadingError(name, f"its reading was cancelled{_after(given)}", "Hand it in again to read it.")


def not_handed_over(name: str, error: OSError) -> ReadingError:
    """Return that a file could not be handed to the process that reads it."""
    return ReadingError(name, f"it could not be handed to be read ({error})", "Free some disk space, and try again.")


def not_started(name: str) -> ReadingError:
    """Return that the process that reads files does not start."""
    remedy = "Look for its error in the log, and whether `python -m core.reading.child` can run here."
    return ReadingError(name, "the process that reads files did not start", remedy)


def misled(name: str) -> ReadingError:
    """Return that a process said what none says that reads a file and nothing else."""
    problem = "the process that read it answered with what is no wafer, and was ended"
    return ReadingError(name, problem, "Do not trust this file; export it again from its source.")


def ended(name: str, status: int, seconds: float, given: int) -> ReadingError:
    """Return that the process that read a file ended.

    Args:
        name: of the file.
        status: its exit status; a signal's number below 0.
        seconds: of processor that it had.
        given: how many wafers and failures came before.
    """
    if status == -signal.SIGXCPU:
        return _beyond(name, f"reading it took more than {_told(seconds)} of processor{_after(given)}", _CPU)
    if status == -signal.SIGKILL:
        problem = f"the system ended the process that read it{_after(given)}, most likely because memory ran out"
        return ReadingError(name, problem, "Split it, or try again when less else is running.")
    said = signal.Signals(-status).name if -status in set(signal.Signals) else f"status {status}"
    problem = f"the process that read it crashed ({said}){_after(given)}"
    return ReadingError(name, problem, "It is damaged or made to do harm: export or copy it again.")


def _told(seconds: float) -> str:
    shown = f"{seconds:,.0f}" if seconds >= 10 else f"{seconds:.2g}"
    return f"{shown} second{'s' * (shown != '1')}"


def _after(given: int) -> str:
    return f" after {given:,} wafer{'s' * (given != 1)}" if given else ""


def _beyond(name: str, problem: str, setting: str, remedy: str = "Split it") -> ReadingError:
    return ReadingError(name, problem, f"{remedy}, or raise {PREFIX}{setting}.")
