import io
import pickle
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.ingestion.samples import sample_files

PAGE = Path(__file__).parents[2] / "pages" / "segment.py"
FILES = sample_files()


@pytest.fixture
def page(tmp_path, tiny_model_path, monkeypatch):
    monkeypatch.setenv("WAFERSCOPE_HOME", str(tmp_path))
    monkeypatch.setenv("WAFERSCOPE_MODEL", str(tiny_model_path))
    return AppTest.from_file(str(PAGE), default_timeout=120).run()


def upload(page, *files):
    for name, content in files:
        page.file_uploader[0].upload(name, content)
    return finished(page)


def finished(page):
    """Run until all work is done: a run that only begins a rerun leaves the rest to the next."""
    page.run()
    assert not page.exception
    return page


def said(page):
    return "\n".join(element.value for element in (*page.markdown, *page.text, *page.caption))


def zipped(*files):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in files:
            archive.writestr(name, content)
    return file.getvalue()


def png_of_size(width, height):
    """A PNG that claims to be huge and holds next to nothing."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def test_an_empty_page_says_what_to_do(page):
    assert not page.exception
    assert "What goes in" in said(page)
    assert [button.label for button in page.button] == ["Try six sample wafers"]


def test_one_file_shows_its_wafer_at_once(page):
    upload(page, FILES[0])
    assert "**1** wafer ·" in said(page)
    assert [metric.label for metric in page.metric][:3] == ["Severity", "Clusters", "Affected dies"]
    assert float(page.metric[0].value) > 0


@pytest.mark.slow
def test_samples_show_the_page_at_work_without_a_file(page):
    page.button[0].click()
    finished(page)
    assert "**6** wafers" in said(page)
    assert {"Start over", "Save to the lake"} <= {button.label for button in page.button}


BAD = {
    "text.png": b"not a picture",
    "empty.csv": b"",
    "cut.png": FILES[0][1][:200],
    "cut.zip": zipped(*FILES)[:300],
    "huge.png": png_of_size(100_000, 100_000),
    "no_bin.csv": b"x,y\n0,0\n0,1\n",
    "words.csv": b"x,y,bin\n0,0,1\na,1,2\n",
    "evil.pkl": pickle.dumps(print),
    "noise.npz": bytes(range(256)) * 4,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_named_with_what_to_do(page, name):
    upload(page, (name, BAD[name]))
    reasons = [text.value for text in page.text]
    assert len(reasons) == 1
    assert reasons[0].startswith(name)
    assert reasons[0].endswith(".")
    assert "1** could not be read" in said(page)


def test_the_good_file_of_a_zip_goes_through_beside_two_bad_ones(page):
    upload(page, ("three.zip", zipped(("a/LOT7_W05.png", FILES[1][1]), ("b.png", b"x"), ("c.csv", b"x,y\n1,2\n"))))
    assert "**1** wafer ·" in said(page)
    assert "**2** could not be read" in said(page)
    picture, table = (text.value for text in page.text)
    assert picture.startswith("three.zip/b.png")
    assert table.startswith("three.zip/c.csv")


def test_results_stay_when_the_upload_field_is_empty_again(page):
    upload(page, FILES[0], FILES[1])
    page.file_uploader[0].clear()
    finished(page)
    assert "**2** wafers" in said(page)


def test_start_over_forgets_everything(page):
    upload(page, FILES[0])
    next(button for button in page.button if button.label == "Start over").click()
    finished(page)
    assert "What goes in" in said(page)
    assert not page.metric


def test_lengths_from_the_options_count_where_the_file_is_silent(page):
    table = "x,y,bin\n" + "".join(f"{x},{y},{1 + (x < 4 and y < 4)}\n" for x in range(20) for y in range(20))
    upload(page, ("LOT1_W01.csv", table.encode()))
    assert "assumed a diameter" in said(page)
    page.number_input(key="read_diameter").set_value(200.0)
    page.number_input(key="read_pitch_x").set_value(10.0)
    page.number_input(key="read_pitch_y").set_value(10.0)
    finished(page)
    assert "assumed" not in said(page)


def test_a_value_that_is_none_is_explained_and_the_files_are_read_all_the_same(page):
    upload(page, FILES[0])
    page.text_input(key="read_fail").set_value("2, red")
    finished(page)
    assert page.error[0].value == "Not a whole number or a colour like #00ff00: red."
    assert "**1** wafer ·" in said(page)


def test_a_missing_model_is_said_before_anyone_uploads(tmp_path, monkeypatch):
    monkeypatch.setenv("WAFERSCOPE_HOME", str(tmp_path))
    monkeypatch.setenv("WAFERSCOPE_MODEL", str(tmp_path / "none.onnx"))
    page = AppTest.from_file(str(PAGE), default_timeout=120).run()
    assert not page.exception
    assert "none.onnx" in page.error[0].value


def test_a_link_of_an_earlier_version_opens_what_it_meant(open_page):
    app = open_page("segment", read_careful="true")
    assert app.query_params["read_tta"] == "true"
    assert "read_careful" not in app.query_params


@pytest.mark.slow
@pytest.mark.usefixtures("hostile")
def test_a_file_whose_reading_hangs_is_refused_and_the_others_are_shown(page, monkeypatch):
    monkeypatch.setenv("WAFERSCOPE_READ_SECONDS", "3")
    upload(page, *FILES[:2], ("stuck.hang.csv", b"1"))
    assert "**2** wafers" in said(page)
    assert "stuck.hang.csv: reading it took more than 3 seconds. Split it, or raise WAFERSCOPE_READ_SECONDS." in said(
        page
    )
    assert not [button for button in page.button if button.label == "Cancel"]


def test_what_a_file_says_in_doubt_is_shown_with_its_wafer(page):
    table = b"# lot: L1\n# wafer: 05\n# diameter: 20\nx,y,bin\n" + b"".join(
        b"%d,%d,1\n" % (i % 9, i // 9) for i in range(81)
    )
    page = upload(page, ("doubt.csv", table))
    assert any("20" in caption.value and ":material/info:" in caption.value for caption in page.caption)


def test_wafers_that_share_a_name_keep_no_other_from_being_saved(page):
    places = [(x, y) for x in range(14) for y in range(14)]
    for number, wafer in enumerate(("W1", "W1", "W2")):
        rows = "\n".join(f"L,{wafer},{x},{y},{2 if x < number + 2 else 1}" for x, y in places)
        page.file_uploader[0].upload(f"{number}.csv", f"lot,wafer,x,y,bin\n{rows}\n".encode())
    finished(page)
    next(one for one in page.button if one.label == "Save to the lake").click().run()
    assert "2 wafers share a name" in page.warning[0].value
    assert not next(one for one in page.button if one.label == "Save 1 wafer").disabled
