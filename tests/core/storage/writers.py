"""Several processes that write one small file at once."""

import multiprocessing
from collections.abc import Callable

WRITERS = 4


def at_once(write: Callable[[int], None], writers: int = WRITERS) -> list[int]:
    """Call a function with 0, 1, 2 ... in as many processes, which begin together.

    Returns:
        Their exit codes: 0 for each that was not stopped by an error.
    """
    context = multiprocessing.get_context("fork")  # so that a function made in a test can be called
    start = context.Barrier(writers)

    def run(number: int) -> None:
        start.wait(60)
        write(number)

    processes = [context.Process(target=run, args=(number,)) for number in range(writers)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    return [process.exitcode for process in processes]
