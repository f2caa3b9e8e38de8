import getpass

from core.identity import Person, local_person


def test_the_local_person_is_the_account_that_runs_the_process(monkeypatch):
    monkeypatch.setenv("LOGNAME", "ada")
    assert local_person() == Person("ada", "local")


def test_an_account_without_a_name_is_still_somebody(monkeypatch):
    def nameless():
        raise KeyError("getpwuid(): uid not found: 4711")

    monkeypatch.setattr(getpass, "getuser", nameless)
    assert local_person() == Person("local", "local")
