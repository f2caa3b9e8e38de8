import os
import signal
import threading
import time

import pytest

from core.database.write_queue import Threads, WriteQueue
from data.errors import AppDatabaseError
from tests.core.database.worker import add_one, hold, processes


def test_processes_that_read_add_and_write_never_overtake_each_other(tmp_path):
    workers = [processes.Process(target=add_one, args=(tmp_path, 50)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert (tmp_path / "count").read_text() == "200"


def test_whoever_is_killed_in_the_middle_holds_up_nobody(tmp_path):
    worker = processes.Process(target=hold, args=(tmp_path,))
    worker.start()
    while not (tmp_path / "held").exists():
        time.sleep(0.01)
    os.kill(worker.pid, signal.SIGKILL)
    worker.join()
    with WriteQueue(tmp_path / "line").turn():
        assert (tmp_path / "held").exists()


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    with (
        pytest.raises(AppDatabaseError, match="the line of writers cannot be kept"),
        WriteQueue(tmp_path / "no" / "a").turn(),
    ):
        pass


def test_threads_go_through_in_the_order_they_came():
    threads, told = Threads(), []

    def pass_through(number: int) -> None:
        with threads.turn():
            told.append(number)

    with threads.turn():
        waiting = []
        for number in range(8):
            waiting.append(threading.Thread(target=pass_through, args=(number,)))
            waiting[-1].start()
            while threads.length < number + 2:
                time.sleep(0.001)
    for thread in waiting:
        thread.join()
    assert told == list(range(8))


def test_a_thread_that_raises_lets_the_next_through():
    threads = Threads()
    with pytest.raises(ValueError, match="mine"), threads.turn():
        raise ValueError("mine")
    with threads.turn():
        assert threads.length == 1
