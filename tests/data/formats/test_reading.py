import os

import pytest

from data.errors import SettingError
from data.formats import READERS, ReadFailure, ReadOptions, known_suffixes, read_bytes, read_wafers
from data.wafer import WaferMap

TABLE = b"x,y,bin\n0,0,1\n1,0,2\n"


def test_an_absent_path_is_one_failure_that_names_it(tmp_path):
    [failure] = read_wafers(tmp_path / "nowhere.png")
    assert isinstance(failure, ReadFailure)
    assert "nowhere.png: does not exist" in failure.reason


def test_a_path_that_no_system_knows_is_one_failure():
    [failure] = read_wafers("a\0b.png")
    assert "Check the path." in failure.reason


def test_a_folder_is_read_with_its_subfolders_in_the_order_of_names(tmp_path):
    for name in ("b/LOT2_W01.csv", "LOT1_W02.csv", "LOT1_W01.csv", ".hidden.csv", ".git/config.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(TABLE)
    wafers = list(read_wafers(tmp_path))
    assert [wafer.key for wafer in wafers] == ["LOT1:W01", "LOT1:W02", "LOT2:W01"]
    assert wafers[2].source_name == f"{tmp_path.name}/b/LOT2_W01.csv"


def test_links_out_of_a_folder_are_told_and_not_followed(tmp_path):
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (outside / "secret.csv").write_bytes(TABLE)
    (inside / "a.csv").write_bytes(TABLE)
    (inside / "file.csv").symlink_to(outside / "secret.csv")
    (inside / "folder").symlink_to(outside)
    (inside / "again.csv").symlink_to(inside / "a.csv")
    (inside / "loop").symlink_to(inside)
    results = list(read_wafers(inside))
    assert [result.source_name for result in results if isinstance(result, WaferMap)] == ["inside/a.csv"]
    assert [result.reason for result in results if isinstance(result, ReadFailure)] == [
        f"inside/{name}: is a link that leads out of the folder. Copy the file itself."
        for name in ("file.csv", "folder")
    ]


def test_a_pipe_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    [failure] = read_wafers(tmp_path)
    assert "is no regular file" in failure.reason


def test_reading_is_lazy(tmp_path):
    for n in range(3):
        (tmp_path / f"L_W0{n}.csv").write_bytes(TABLE)
    wafers = read_wafers(tmp_path)
    first = next(wafers)
    (tmp_path / "L_W02.csv").unlink()
    assert first.wafer_id == "W00"
    assert next(wafers).wafer_id == "W01"


def test_content_decides_before_the_name_does():
    assert next(read_bytes("table.png", TABLE)).dies.tolist() == [[1, 2]]


def test_an_upload_of_no_known_format_says_what_can_be_read():
    [failure] = read_bytes("notes.doc", b"\xd0\xcf\x11\xe0 words")
    assert all(reader.name in failure.reason for reader in READERS)


def test_an_empty_file_says_so():
    [failure] = read_bytes("a.bin", b"")
    assert failure.reason == "a.bin: the file is empty. Export or copy it again."


def test_a_file_over_the_limit_is_not_opened():
    [failure] = read_bytes("a.csv", TABLE, options=ReadOptions(max_file_bytes=10))
    assert "the limit is" in failure.reason


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("LOT123456_W05.png", "LOT123456:W05"),
        ("a-b wafer 12.png", "a-b:wafer 12"),
        ("C:\\maps\\LOT7-w3.png", "LOT7:w3"),
        ("map.v2.png", "map.v2:W01"),
        (".png", ".png:W01"),
    ],
)
def test_lot_and_wafer_come_from_the_file_name(name, key):
    assert next(read_bytes(name, TABLE)).key == key


def test_the_folder_is_the_lot_of_files_named_by_wafer(tmp_path):
    (tmp_path / "LOT9").mkdir()
    (tmp_path / "LOT9" / "W03.csv").write_bytes(TABLE)
    assert next(read_wafers(tmp_path)).key == "LOT9:W03"


def test_options_fill_what_files_leave_open_and_no_more():
    options = ReadOptions(lot="OPT", product="P", die_pitch_mm=(2.0, 3.0), diameter_mm=200.0, notch="left")
    bare, telling = (
        next(read_bytes("N_W01.csv", text + TABLE, options=options)) for text in (b"", b"# lot: L\n# notch: up\n")
    )
    assert (bare.key, bare.product, bare.die_pitch_mm, bare.diameter_mm) == ("OPT:W01", "P", (3.0, 2.0), 200.0)
    assert (telling.key, telling.die_pitch_mm) == ("L:W01", (2.0, 3.0))
    assert bare.dies.tolist() == [[2], [1]]  # its notch was said to be on the left
    assert telling.dies.tolist() == [[2, 1]]  # its notch is above, whatever was said
    assert bare.notch == telling.notch == "down"


@pytest.mark.parametrize(
    "wrong", [{"threshold": 1.5}, {"max_pixels": 0}, {"diameter_mm": -1.0}, {"pass_values": (1,), "fail_values": (1,)}]
)
def test_options_that_contradict_themselves_are_refused(wrong):
    with pytest.raises(SettingError, match="read options"):
        ReadOptions(**wrong)


def test_upload_widgets_learn_every_suffix():
    assert {".png", ".jpg", ".tiff", ".csv", ".parquet", ".npz", ".pkl", ".zip"} <= set(known_suffixes())


def test_a_name_that_is_no_utf_8_is_refused_in_words_that_any_store_holds(tmp_path):
    (tmp_path / os.fsdecode(b"lot\xff.csv")).write_bytes(TABLE)
    (tmp_path / "good.csv").write_bytes(TABLE)
    found = list(read_wafers(tmp_path))
    assert [type(result) for result in found] == [WaferMap, ReadFailure]
    assert "the file's name is no UTF-8" in found[1].reason
    assert found[1].reason.encode("utf-8")
    assert found[1].source_name.encode("utf-8")


def test_halves_of_characters_in_metadata_become_marks_that_any_store_holds():
    wafers = list(read_bytes("a.csv", b"# lot: L\xed\xa0\x80\n" + TABLE))
    assert wafers[0].lot_id.encode("utf-8")


def test_a_table_of_a_gigabyte_is_refused_unread(tmp_path):
    with (tmp_path / "huge.csv").open("wb") as file:
        file.write(TABLE)
        file.truncate(2**30)  # a hole, which takes no room on disk
    [failure] = read_wafers(tmp_path / "huge.csv")
    assert "the table has 1024 MiB, the limit is 512 MiB" in failure.reason
