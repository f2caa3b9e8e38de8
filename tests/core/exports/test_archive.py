import io
import zipfile

from core.exports.archive import files_below, zip_folder


def test_every_file_of_a_folder_comes_back_and_what_is_packed_already_is_not_packed_again(tmp_path):
    held = {"a.csv": b"x" * 1000, "masks/b.png": b"y" * 1000, "masks/deep/c.npz": b"z"}
    for name, content in held.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    assert [path.relative_to(tmp_path).as_posix() for path in files_below(tmp_path)] == list(held)
    file = io.BytesIO()
    zip_folder(tmp_path, file)
    with zipfile.ZipFile(file) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == held
        sizes = {info.filename: info.compress_size for info in archive.infolist()}
    assert sizes["a.csv"] < 100 < 1000 == sizes["masks/b.png"]
