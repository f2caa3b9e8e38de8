from core.ingestion.samples import PATTERNS, sample_files
from data.formats import read_bytes


def test_samples_are_files_that_name_their_wafers():
    files = sample_files()
    wafers = [wafer for name, content in files for wafer in read_bytes(name, content)]
    assert [wafer.key for wafer in wafers] == [f"SAMPLE:W{n:02d}" for n in range(1, len(PATTERNS) + 1)]
    assert all(wafer.fail_count and wafer.diameter_mm == 300 for wafer in wafers)


def test_samples_are_the_same_every_time():
    assert sample_files() == sample_files()
