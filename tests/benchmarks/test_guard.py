from concurrent.futures import ThreadPoolExecutor

from benchmarks import guard


def test_the_guard_is_timed_against_the_same_app_without_it():
    with ThreadPoolExecutor(1) as thread:  # a test with a loop of its own may have left it in this one
        alone, both = thread.submit(guard.guarding, 2).result()
    assert alone.work.startswith("the guard")
    assert "headers" in both.work
    assert all(row.measured.endswith("µs") and row.ratio > 0 for row in (alone, both))
