from data.formats.write import write_npz
from jobs.sources import sources_of, verdict
from tests.core.lake_examples import drawn


def test_a_bad_file_is_printed_and_no_success_though_the_others_are_read(tmp_path, capsys):
    write_npz([drawn(0)], tmp_path / "good.npz")
    (tmp_path / "bad.npz").write_bytes(b"no archive at all")
    sources = sources_of([tmp_path])
    assert [wafer.key for wafer in sources] == [drawn(0).key]
    assert sources.failures[0].reason in capsys.readouterr().err
    assert verdict(sources) == 1


def test_all_files_read_is_success(tmp_path):
    write_npz([drawn(0)], tmp_path / "good.npz")
    sources = sources_of([tmp_path])
    assert len(list(sources)) == 1
    assert verdict(sources) == 0


def test_nothing_to_read_is_said_and_is_no_success(tmp_path, capsys):
    sources = sources_of([tmp_path])
    assert list(sources) == []
    assert verdict(sources) == 1
    assert "There is no file in the given paths" in capsys.readouterr().err
