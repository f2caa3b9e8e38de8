import os
import threading
from dataclasses import replace

import pytest

from core.reading.limits import limits_now
from core.reading.pool import ReadingPool

pytestmark = pytest.mark.slow


@pytest.fixture
def pool():
    pool = ReadingPool()
    yield pool
    pool.close()


def test_no_more_processes_are_lent_than_are_allowed(pool):
    limits = replace(limits_now(), processes=2)
    first, second = pool.borrow(limits, 0), pool.borrow(limits, 0)
    assert first.process is not second.process
    assert pool.borrow(limits, 0.1) is None
    pool.give_back(first, limits, sound=True)
    third = pool.borrow(limits, 0)
    assert third.process is first.process
    assert len(pool.process_ids()) == 2


def test_who_waits_gets_the_process_that_is_given_back(pool):
    limits = replace(limits_now(), processes=1)
    loan, got = pool.borrow(limits, 0), []
    waiting = threading.Thread(target=lambda: got.append(pool.borrow(limits, 30)))
    waiting.start()
    pool.give_back(loan, limits, sound=True)
    waiting.join()
    assert got[0].process is loan.process


def test_a_process_that_met_a_limit_is_replaced(pool):
    limits = replace(limits_now(), processes=1)
    loan = pool.borrow(limits, 0)
    before = loan.process.process_id
    pool.give_back(loan, limits, sound=False)
    [after] = pool.process_ids()
    assert after != before


def test_a_process_is_not_lent_under_other_limits(pool):
    limits = replace(limits_now(), processes=1)
    loan = pool.borrow(limits, 0)
    pool.give_back(loan, limits, sound=True)
    other = pool.borrow(replace(limits, memory_mb=limits.memory_mb + 1), 0)
    assert other.process is not loan.process
    assert len(pool.process_ids()) == 1


def test_many_threads_never_hold_more_than_is_allowed(pool):
    limits, held, most = replace(limits_now(), processes=2), [], []

    def work():
        for _ in range(20):
            loan = pool.borrow(limits, 60)
            held.append(loan)
            most.append(len(held))
            held.remove(loan)
            pool.give_back(loan, limits, sound=True)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) <= 2
    assert len(most) == 160


def test_a_copy_made_by_fork_has_none_and_takes_none_away(pool):
    limits = limits_now()
    loan = pool.borrow(limits, 0)
    number = os.fork()
    if not number:
        try:
            pool.forget()
            os._exit(len(pool.process_ids()))
        finally:
            os._exit(99)
    assert os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]) == 0
    assert loan.process.can_read(limits)
