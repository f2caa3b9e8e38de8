from core.people.lockout import FAILURES, MINUTES, count_failure, locked_for, unlock


def test_the_fifth_failure_locks_for_a_quarter_of_an_hour_whoever_it_is(database, later):
    with database.writing() as session:
        assert [count_failure(session, "no@fab.example") for _ in range(FAILURES)] == [False] * 4 + [True]
        assert MINUTES * 60 - 5 <= locked_for(session, " NO@fab.example") <= MINUTES * 60
        assert locked_for(session, "other@fab.example") is None
        later(MINUTES / 60)
        assert locked_for(session, "no@fab.example") is None


def test_failures_that_are_far_apart_do_not_add_up(database, later):
    with database.writing() as session:
        for _ in range(2 * FAILURES):
            assert not count_failure(session, "no@fab.example")
            later(4.1 / 60)


def test_an_admin_or_the_right_password_forgets_them(database):
    with database.writing() as session:
        for _ in range(FAILURES):
            count_failure(session, "no@fab.example")
        unlock(session, "NO@fab.example")
        assert locked_for(session, "no@fab.example") is None
