from benchmarks import guard


def test_the_guard_is_timed_against_the_same_app_without_it():
    alone, both = guard.guarding(2)
    assert alone.work.startswith("the guard")
    assert "headers" in both.work
    assert all(row.measured.endswith("µs") and row.ratio > 1 for row in (alone, both))
