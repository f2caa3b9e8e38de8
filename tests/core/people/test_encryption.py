import multiprocessing
import stat

import pytest

from core.people.encryption import decrypt, encrypt
from core.settings import Settings
from data.errors import AccountError, SettingError


def test_a_secret_is_read_again_and_lies_nowhere_in_the_open(home):
    kept = encrypt("smtp://ana:pass@host ✓")
    assert decrypt(kept) == "smtp://ana:pass@host ✓"
    assert "pass" not in kept
    assert encrypt("smtp://ana:pass@host ✓") != kept
    assert stat.S_IMODE((home / "secret.key").stat().st_mode) == 0o600


def test_another_key_does_not_read_it(tmp_path):
    kept = encrypt("x", Settings(home=tmp_path / "a"))
    with pytest.raises(AccountError, match="another key"):
        decrypt(kept, Settings(home=tmp_path / "b"))
    with pytest.raises(AccountError, match="another key"):
        decrypt("not encrypted ✓", Settings(home=tmp_path / "a"))


def test_a_file_that_holds_no_key_is_named(tmp_path):
    (tmp_path / "mine").write_text("short")
    with pytest.raises(SettingError, match="SECRET_KEY"):
        encrypt("x", Settings(home=tmp_path, secret_key=str(tmp_path / "mine")))


def test_processes_that_make_the_key_at_once_use_the_same(tmp_path):
    at = Settings(home=tmp_path / "home")
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        kept = pool.starmap(encrypt, [(str(n), at) for n in range(8)])
    assert [decrypt(one, at) for one in kept] == [str(n) for n in range(8)]
    assert [path.name for path in at.home.iterdir()] == ["secret.key"]
