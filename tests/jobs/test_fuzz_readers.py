import importlib.util

import numpy as np
import pytest

import data.formats
from data.formats import ReadFailure, known_suffixes
from jobs.fuzz_readers import FuzzReadersConfig, look, main, write_corpus
from jobs.fuzz_target import check
from tests.data.formats.make_fixtures import FIXTURES


def test_the_files_to_begin_with_are_good_ones_of_every_format_that_is_written(tmp_path):
    (tmp_path / "corpus").mkdir()
    assert write_corpus(tmp_path / "corpus", [FIXTURES], np.random.default_rng(0)) == 10 + 9
    contents = [path.read_bytes() for path in (tmp_path / "corpus").iterdir()]
    for content in contents:
        check(content)
    begun = {known_suffixes()[content[0]] for content in contents}
    assert begun == {
        ".png",
        ".tif",
        ".npz",
        ".csv",
        ".parquet",
        ".xlsx",
        ".pkl",
        ".jpg",
        ".map",
        ".sinf",
        ".stdf",
        ".gz",
        ".klarf",
        ".std",
        ".xml",
        ".txt",
    }


@pytest.mark.parametrize("answer", [[], [ReadFailure("a.png", "broken")], [ReadFailure("b.png", "b.png: bad.")], [1]])
def test_an_answer_that_is_no_sentence_is_a_finding(monkeypatch, answer):
    monkeypatch.setattr(data.formats, "read_bytes", lambda *_, **__: answer)
    with pytest.raises(AssertionError):
        check(b"\0anything")


@pytest.mark.slow
def test_the_job_says_whether_anything_was_found(tmp_path, capsys):
    words = ["--minutes", "0.02", "--reader", "CSV die table", "--seed", "5", "--out", str(tmp_path / "found")]
    assert main(words) == 0
    assert "CSV die table: 1 files to begin with." in capsys.readouterr().err
    assert look(FuzzReadersConfig((), out=tmp_path / "found"), child="raise SystemExit(77)") == 1


def test_a_reader_is_called_by_its_name(capsys):
    assert main(["--reader", "CVS"]) == 1
    assert "expected one of PNG image, JPEG image" in capsys.readouterr().err


def test_a_reader_begins_with_files_of_its_own(tmp_path):
    assert write_corpus(tmp_path, [FIXTURES], np.random.default_rng(0), (".klarf",)) == 2


def test_without_atheris_the_job_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert main([]) == 1
    assert "atheris: it is not installed. Run pip install -r requirements-dev.txt." in capsys.readouterr().err
