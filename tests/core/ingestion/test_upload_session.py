import io
import zipfile

import numpy as np
import pytest

from core.analysis.result import analyse
from core.ingestion.samples import sample_files
from core.ingestion.upload_session import ReadingPlan, UploadProgress, UploadSession
from core.ingestion.uploaded_file import Names
from core.segmentation import Segmenter
from data.errors import ModelError, WaferValueError
from data.formats import ReadOptions
from data.formats.write import write_npz
from data.wafer import FAIL, PASS, WaferMap

FILES = sample_files()


@pytest.fixture(scope="module")
def segmenter(tiny_model_path):
    return Segmenter.load(str(tiny_model_path), threads=1)


def handed_in(files, plan=None, **limits):
    upload = UploadSession(plan, **limits)
    for name, content in files:
        upload.add(name, content)
    return upload


def npz_of(tmp_path, count, side=12):
    dies = np.full((side, side), PASS, dtype=np.uint8)
    dies[0, 0] = FAIL
    write_npz((WaferMap(dies=dies, lot_id="BIG", wafer_id=f"W{n}") for n in range(count)), tmp_path / "big.npz")
    return (tmp_path / "big.npz").read_bytes()


def test_every_file_gives_what_reading_and_analysing_it_alone_gives(segmenter):
    upload = handed_in(FILES)
    for _ in upload.work(segmenter):
        pass
    assert [entry.wafer.key for entry in upload.ready] == [f"SAMPLE:W{n:02d}" for n in range(1, 7)]
    alone = analyse([entry.wafer for entry in upload.ready], segmenter)
    for entry, result in zip(upload.ready, alone, strict=True):
        np.testing.assert_array_equal(entry.result.segmentation.masks, result.segmentation.masks)
        assert entry.result.severity.score == pytest.approx(result.severity.score, rel=1e-6)
    assert not upload.waiting
    assert not upload.failures


def test_the_same_content_is_handed_in_once_whatever_its_name():
    upload = handed_in(FILES[:1])
    assert not upload.add("another name.png", FILES[0][1])
    assert len(upload.files) == 1


def test_bad_files_fail_each_with_a_sentence_and_good_ones_go_through(segmenter):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("good_W01.png", FILES[0][1])
        zipped.writestr("text.png", "not a picture")
        zipped.writestr("cut.png", FILES[1][1][:60])
    broken = [("empty.png", b""), ("cut.zip", archive.getvalue()[:200])]
    upload = handed_in([*broken, ("three.zip", archive.getvalue())])
    for _ in upload.work(segmenter):
        pass
    assert [entry.wafer.source_name for entry in upload.ready] == ["three.zip/good_W01.png"]
    names = [failure.source_name for failure in upload.failures]
    assert {"empty.png", "cut.zip", "three.zip/text.png", "three.zip/cut.png"} == set(names)
    assert all(failure.source_name in failure.reason for failure in upload.failures)
    assert all(failure.reason.endswith(".") for failure in upload.failures)


def test_work_that_was_stopped_goes_on_where_it_was(segmenter, tmp_path):
    upload = handed_in([("big.npz", npz_of(tmp_path, 40)), *FILES])
    ready = 0
    while upload.waiting:
        # Nothing is lost and nothing done twice, although the work is dropped after every single step.
        next(upload.work(segmenter))
        before, ready = ready, len(upload.ready)
        assert ready >= before
    assert len(upload.ready) == 46
    assert len({entry.id for entry in upload.ready}) == 46


def test_work_ends_when_its_time_is_over(segmenter):
    upload = handed_in(FILES)
    assert list(upload.work(segmenter, seconds=0)) == []
    assert upload.waiting


def test_progress_ends_at_its_total(segmenter):
    steps = list(handed_in(FILES).work(segmenter))
    last = steps[-1]
    assert (last.reading, last.done, last.total, last.seconds_left) == (False, 6, 6, 0)
    assert [step.done for step in steps if not step.reading] == sorted(step.done for step in steps if not step.reading)


def test_progress_can_be_asked_for_between_steps(segmenter):
    upload = handed_in(FILES)
    assert (upload.progress.reading, upload.progress.done, upload.progress.total) == (True, 0, 6)
    steps = upload.work(segmenter)
    while (step := next(steps)).reading:
        pass
    assert (upload.progress.done, upload.progress.total) == (step.done, 6)


def test_time_left_follows_the_rate():
    progress = UploadProgress(reading=False, done=30, total=90, seconds=10.0)
    assert (progress.rate, progress.seconds_left) == (3.0, 20.0)
    assert UploadProgress(reading=False, done=0, total=90, seconds=0.0).seconds_left == float("inf")


def test_another_plan_reads_everything_anew(segmenter):
    upload = handed_in(FILES[:2])
    for _ in upload.work(segmenter):
        pass
    assert not upload.follow(ReadingPlan())
    assert upload.follow(ReadingPlan(ReadOptions(product="P7")))
    assert upload.waiting
    for _ in upload.work(segmenter):
        pass
    assert [entry.wafer.product for entry in upload.ready] == ["P7", "P7"]


def test_names_that_a_person_gave_are_everywhere_and_survive_another_plan(segmenter):
    upload = handed_in(FILES[:2])
    for _ in upload.work(segmenter):
        pass
    upload.rename(upload.ready[1], Names("LOT9", "W25", "P1"))
    upload.follow(ReadingPlan(ReadOptions(diameter_mm=200.0)))
    for _ in upload.work(segmenter):
        pass
    entry = upload.ready[1]
    assert (entry.wafer.key, entry.wafer.product) == ("LOT9:W25", "P1")
    assert entry.result.wafer.key == entry.result.segmentation.key == "LOT9:W25"
    assert upload.ready[0].wafer.key == "SAMPLE:W01"


def test_a_wafer_cannot_lose_its_name(segmenter):
    upload = handed_in(FILES[:1])
    for _ in upload.work(segmenter):
        pass
    with pytest.raises(WaferValueError, match="must both have a name"):
        upload.rename(upload.ready[0], Names(" ", "W01", ""))
    assert upload.ready[0].wafer.key == "SAMPLE:W01"


def test_more_wafers_than_a_page_can_hold_are_left_out_and_said_so(segmenter, tmp_path):
    upload = handed_in([("big.npz", npz_of(tmp_path, 9)), *FILES[:1]], max_wafers=5)
    for _ in upload.work(segmenter):
        pass
    assert len(upload.ready) == 5
    assert [failure.source_name for failure in upload.failures] == ["big.npz", FILES[0][0]]
    assert "jobs.segment" in upload.failures[0].reason


def test_a_wafer_that_the_model_cannot_take_does_not_stop_the_others(segmenter):
    class Picky:
        name = segmenter.name

        def segment(self, wafers, *, tta=False):
            if any(wafer.wafer_id == "W02" for wafer in wafers):
                raise ModelError("tiny", "it does not like W02", "Leave it out.")
            return segmenter.segment(wafers, tta=tta)

    upload = handed_in(FILES)
    for _ in upload.work(Picky()):
        pass
    assert [entry.wafer.wafer_id for entry in upload.ready] == ["W01", "W03", "W04", "W05", "W06"]
    assert [failure.source_name for failure in upload.failures] == ["SAMPLE_W02.png"]
    assert not upload.waiting


@pytest.mark.slow
@pytest.mark.usefixtures("hostile")
def test_a_file_that_hangs_can_be_cancelled_and_what_was_read_is_segmented(segmenter):
    upload = handed_in(
        [*FILES[:2], ("stuck.hang", b"1"), ("behind.csv", b"lot,wafer,x,y,bin\nL,W1,0,0,1\nL,W1,1,0,2\n")]
    )
    while len(upload.entries) < 2:
        next(upload.work(segmenter))
    progress = upload.progress
    assert (progress.reading, progress.total) == (True, 4)
    while not progress.overdue:  # two files read in no time say nothing of one that hangs
        progress = next(upload.work(segmenter))
    assert progress.seconds_left == float("inf")
    upload.cancel()
    assert [failure.source_name for failure in upload.failures] == ["stuck.hang", "behind.csv"]
    assert all("its reading was cancelled" in failure.reason for failure in upload.failures)
    for _ in upload.work(segmenter):
        pass
    assert len(upload.ready) == 2
    assert not upload.waiting


def test_segmenting_can_be_cancelled_and_the_file_handed_in_again(segmenter, tmp_path):
    content = npz_of(tmp_path, 300)
    upload = handed_in([("big.npz", content)])
    steps = upload.work(segmenter)
    while not upload.ready:
        next(steps)
    ready = len(upload.ready)
    assert ready < 300
    upload.cancel()
    assert not upload.waiting
    assert len(upload.entries) == ready
    [failure] = upload.failures
    assert f"big.npz: {300 - ready} of its wafers were left out, since segmenting was cancelled" in failure.reason
    assert upload.add("big.npz", content)
    for _ in upload.work(segmenter):
        pass
    assert len(upload.ready) == 300
    assert upload.failures == []


def test_nothing_left_cannot_be_cancelled(segmenter):
    upload = handed_in(FILES[:1])
    for _ in upload.work(segmenter):
        pass
    upload.cancel()
    assert len(upload.ready) == 1
    assert upload.failures == []
    assert not upload.add(*FILES[0])


def test_part_of_a_file_counts_as_progress():
    progress = UploadProgress(reading=True, done=1, total=4, seconds=3.0, share=0.5)
    assert (progress.part, progress.rate, progress.seconds_left) == (0.375, 0.5, 5.0)
    assert UploadProgress(reading=True, done=0, total=0, seconds=0.0).part == 1.0
