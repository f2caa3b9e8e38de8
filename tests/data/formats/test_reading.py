from data.formats import ReadFailure, read_bytes, read_wafers


def test_an_absent_path_is_one_failure_that_names_it(tmp_path):
    [failure] = read_wafers(tmp_path / "nowhere.png")
    assert isinstance(failure, ReadFailure)
    assert "nowhere.png" in failure.reason
    assert "does not exist" in failure.reason


def test_an_upload_of_no_known_format_says_what_can_be_read():
    [failure] = read_bytes("notes.doc", b"\xd0\xcf\x11\xe0 words")
    assert isinstance(failure, ReadFailure)
    assert "PNG image" in failure.reason
