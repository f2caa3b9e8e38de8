import os

import pytest

from core.ingestion.inbox import LOCK, MOST_ATTEMPTS, REASON, Inbox
from core.reading import is_growing
from data.errors import SettingError
from tests.data.formats.stdf_writers import Records

SETTLE, STILL = 5.0, 60.0


@pytest.fixture
def folder(tmp_path):
    return tmp_path


def whole(inbox, now):
    return [path.name for path in inbox.whole(now)]


def names(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir() and p.name != LOCK)


def test_a_file_is_whole_once_it_has_stayed_as_it_is(folder):
    path = folder / "lot.stdf"
    path.write_bytes(b"half")
    with Inbox(folder, SETTLE) as inbox:
        assert whole(inbox, 0) == []
        assert whole(inbox, 4.9) == []
        path.write_bytes(b"half and more")
        assert whole(inbox, 5) == []
        assert whole(inbox, 9.9) == []
        os.utime(path, ns=(1, 1))
        assert whole(inbox, 10) == []
        assert whole(inbox, 15) == ["lot.stdf"]


def test_a_file_put_in_the_place_of_another_settles_anew(folder):
    path, other = folder / "a.png", folder / "b.tmp"
    path.write_bytes(b"1234")
    other.write_bytes(b"5678")
    os.utime(path, ns=(1, 1))
    os.utime(other, ns=(1, 1))
    with Inbox(folder, SETTLE) as inbox:
        assert whole(inbox, 0) == []
        other.replace(path)
        assert whole(inbox, 5) == []
        assert whole(inbox, 10) == ["a.png"]


def test_hidden_and_unfinished_names_are_never_touched(folder):
    for name in (
        ".hidden.png",
        "a.png.part",
        "B.TMP",
        "c.filepart",
        "d.png~",
        "~lock.png",
        ".dir/e.png",
        "e.crdownload",
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"x")
    with Inbox(folder, 0) as inbox:
        assert whole(inbox, 0) == []


def test_what_settled_comes_by_age_and_from_sub_folders_too(folder):
    (folder / "tool").mkdir()
    for name, age in (("b.png", 3), ("tool/a.png", 2), ("c.png", 1)):
        (folder / name).write_bytes(b"x")
        os.utime(folder / name, ns=(age, age))
    with Inbox(folder, 0) as inbox:
        assert whole(inbox, 0) == ["c.png", "a.png", "b.png"]
        for path in inbox.whole(0):
            inbox.finish(inbox.take(path))
        assert whole(inbox, 1) == []
    assert names(folder) == ["done/b.png", "done/c.png", "done/tool/a.png"]


def test_nothing_is_overwritten(folder):
    with Inbox(folder, 0) as inbox:
        for content in (b"1", b"2", b"3"):
            (folder / "a.png").write_bytes(content)
            inbox.finish(inbox.take(folder / "a.png"))
        for content in (b"4", b"5"):
            (folder / "a.png").write_bytes(content)
            inbox.fail(inbox.take(folder / "a.png"), content.decode())
    assert [(folder / "done" / name).read_bytes() for name in ("a.png", "a~2.png", "a~3.png")] == [b"1", b"2", b"3"]
    for name, content in (("a.png", "4"), ("a~2.png", "5")):
        assert (folder / "failed" / name).read_text() == content
        assert (folder / "failed" / (name + REASON)).read_text() == content + "\n"


def test_what_was_left_over_is_taken_again_and_fails_after_three_times(folder):
    (folder / "deep").mkdir()
    (folder / "deep" / "poison.stdf").write_bytes(b"x")
    with Inbox(folder, 0) as inbox:
        inbox.take(folder / "deep" / "poison.stdf")
    for attempt in range(2, MOST_ATTEMPTS + 1):
        with Inbox(folder, 0) as inbox:
            [left] = inbox.left_over()
            assert inbox.take_again(left).attempt == attempt
            assert whole(inbox, 0) == []
    with Inbox(folder, 0) as inbox:
        [left] = inbox.left_over()
        assert inbox.take_again(left) is None
        assert inbox.left_over() == []
    assert names(folder) == ["failed/deep/poison.stdf", f"failed/deep/poison.stdf{REASON}"]
    assert "ended the watcher 3 times" in (folder / "failed" / "deep" / f"poison.stdf{REASON}").read_text()


def test_what_is_given_back_arrives_again_after_it_has_settled(folder):
    (folder / "a.png").write_bytes(b"x")
    with Inbox(folder, SETTLE) as inbox:
        inbox.whole(0)
        [path] = inbox.whole(SETTLE)
        inbox.give_back(inbox.take(path))
        assert whole(inbox, SETTLE) == []
        assert whole(inbox, 2 * SETTLE) == ["a.png"]


def test_a_folder_has_one_watcher(folder):
    with Inbox(folder, 0), pytest.raises(SettingError, match="another process watches"):
        Inbox(folder, 0)
    with Inbox(folder, 0):
        pass


def test_a_folder_that_is_not_there_is_said(folder):
    with pytest.raises(SettingError, match="no such folder"):
        Inbox(folder / "none", 0)


def test_a_growing_file_stays_until_it_ends_or_has_been_still_for_long(folder):
    records, path, looked = Records(), folder / "lot.stdf", []
    complete = records.lot(records.wir(), records.parts([(0, 0, 1), (1, 0, 5)]), records.wrr())
    cut = complete.removesuffix(records.mrr())

    def growing(one):
        looked.append(one)
        return is_growing(one)

    path.write_bytes(cut[:-20])
    (folder / "other.csv").write_bytes(b"x,y,bin\n0,0,1\n")
    with Inbox(folder, SETTLE, growing, STILL) as inbox:
        assert inbox.whole(0) == []
        assert inbox.arriving
        assert [one.name for one in inbox.whole(5)] == ["other.csv"]
        (folder / "other.csv").unlink()
        assert inbox.whole(30) == []
        assert (inbox.arriving, inbox.held_back) == (False, [path])
        assert looked.count(path) == 1  # looked into once a state
        path.write_bytes(cut)
        assert inbox.whole(40) == []
        assert inbox.whole(99) == []
        assert inbox.whole(100) == [path]  # still for a minute
        path.write_bytes(complete)
        assert inbox.whole(101) == []
        assert inbox.whole(106) == [path]
        assert inbox.held_back == []
