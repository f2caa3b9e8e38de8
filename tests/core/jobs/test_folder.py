import pytest

from core.jobs.folder import FOLDER_VARIABLE, LOG, job_folder, log_tail, tell_progress, told_progress


def test_what_a_job_tells_is_read_back(tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    assert told_progress(tmp_path) is None
    tell_progress(3, None, 0.5, 1.25)
    assert told_progress(tmp_path) == {"done": 3, "total": None, "share": 0.5, "rate": 1.25}
    assert [path.name for path in tmp_path.iterdir()] == ["progress.json"]


def test_a_job_started_by_hand_tells_nobody(tmp_path, monkeypatch):
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    tell_progress(3, 4, 0.75, 1.0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("lines", "expected"), [(2, "98\n99"), (1000, None)])
def test_the_tail_of_a_log_is_its_last_lines(tmp_path, lines, expected):
    folder = job_folder(tmp_path, 4)
    assert log_tail(tmp_path, 4) == ""
    folder.mkdir(parents=True)
    whole = "\n".join(str(n) for n in range(100))
    (folder / LOG).write_text(whole + "\n")
    assert log_tail(tmp_path, 4, lines) == (expected or whole)


def test_the_tail_of_a_huge_log_reads_only_its_end(tmp_path):
    job_folder(tmp_path, 4).mkdir(parents=True)
    (job_folder(tmp_path, 4) / LOG).write_bytes(b"\xff" * 1_000_000 + b"\nlast")
    assert log_tail(tmp_path, 4, 1) == "last"
    assert len(log_tail(tmp_path, 4)) < 65_000
