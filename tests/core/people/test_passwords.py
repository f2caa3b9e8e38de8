import threading
import time

import pytest

from core.people import passwords
from core.people.passwords import AT_ONCE, check_new, hash_password, needs_new_hash, verify
from data.errors import PasswordError


@pytest.mark.parametrize("password", ["seven grey owls", "Straße nach Köln 🦉", "x" * 256, "\ud800 half a sign"])
def test_a_password_is_known_again_and_no_other(password):
    hashed = hash_password(password)
    assert hashed.startswith("$argon2id$")
    assert verify(hashed, password)
    assert not verify(hashed, password + "x")
    assert not verify(hashed, password[:-1])
    assert hashed != hash_password(password)


def test_nobody_and_a_damaged_hash_have_no_password():
    assert not verify(None, "nobody signs in with this")
    assert not verify("not a hash", "x")


def test_the_costs_are_those_that_were_decided(monkeypatch):
    monkeypatch.undo()
    hasher = passwords._HASHER
    assert (hasher.memory_cost, hasher.time_cost, hasher.parallelism) == (19456, 2, 1)


def test_a_hash_of_other_costs_is_to_be_renewed():
    dear = passwords.PasswordHasher(time_cost=2, memory_cost=64, parallelism=1).hash("x")
    assert needs_new_hash(dear)
    assert not needs_new_hash(hash_password("x"))


def test_two_are_checked_at_once_and_no_more(monkeypatch):
    class Slow:
        now, most = 0, 0
        guard = threading.Lock()

        def hash(self, _password):
            with self.guard:
                Slow.now += 1
                Slow.most = max(Slow.most, Slow.now)
            time.sleep(0.02)
            with self.guard:
                Slow.now -= 1

    monkeypatch.setattr(passwords, "_HASHER", Slow())
    threads = [threading.Thread(target=hash_password, args=("x",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Slow.most == AT_ONCE


@pytest.mark.parametrize("password", ["eleven char", "x" * 257])
def test_the_length_is_bounded(password):
    with pytest.raises(PasswordError, match="12 to 256"):
        check_new(password)


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "P@ssw0rdP@ssw0rd",
        "123456789012",
        "qwertyuiop12",
        "aaaaaaaaaaaa",
        "letmein letmein",
        "zyxwvutsrqpo",
    ],
)
def test_what_is_guessed_first_is_refused(password):
    with pytest.raises(PasswordError, match="guessed"):
        check_new(password)


@pytest.mark.parametrize("password", ["ana.novak2024", "Ana.Novak!ab", "ANA NOVAK 12"])
def test_ones_own_name_is_no_password(password):
    with pytest.raises(PasswordError, match="name or e-mail"):
        check_new(password, "ana.novak@fab.example", "Ana Novak")


@pytest.mark.parametrize("password", ["seven grey owls", "liebe grüße aus wien", "k9#vQ2!xLm4z", "лес шумит ночью"])
def test_what_takes_long_to_guess_is_taken(password):
    check_new(password, "ana.novak@fab.example", "Ana Novak")
