import pytest

from data.errors import SettingError
from data.site_tables import read_site_table


def test_a_table_is_read_with_or_without_a_byte_order_mark(tmp_path):
    for mark in (b"", b"\xef\xbb\xbf"):
        (tmp_path / "site.toml").write_bytes(mark + b'[edge]\nname = "Rim"\n')
        assert read_site_table(tmp_path / "site.toml", "class table") == {"edge": {"name": "Rim"}}


@pytest.mark.parametrize("content", [b"[edge", b"name = \xff"])
def test_what_is_no_toml_is_refused_by_name(tmp_path, content):
    (tmp_path / "site.toml").write_bytes(content)
    with pytest.raises(SettingError, match=r"site\.toml: the class table cannot be read \(.+\)\. Correct the file"):
        read_site_table(tmp_path / "site.toml", "class table")


def test_a_missing_file_is_said_in_words(tmp_path):
    with pytest.raises(SettingError, match=r"none\.toml: the class table cannot be read \(No such file or directory\)"):
        read_site_table(tmp_path / "none.toml", "class table")
