import dataclasses

import numpy as np
import pytest

from core.batches.parquet_files import (
    count_of,
    failures_in,
    model_of,
    read_results,
    read_wafers_of,
    result_of_row,
    result_row,
    write_results,
    write_wafers,
)
from core.exports import instances_csv, mask_png, result_json, wafers_csv
from tests.core.lake_examples import drawn, found_on, same_wafer


def test_wafers_come_back_in_order_with_every_field_and_doubles_too(tmp_path):
    bins = drawn(4).dies.astype(np.uint16) * 300
    wafers = [drawn(2), drawn(1, die_pitch_mm=(3.5, 4.25), diameter_mm=200.0), drawn(2), drawn(4, bins=bins)]
    write_wafers(tmp_path / "a.parquet", wafers)
    back = read_wafers_of(tmp_path / "a.parquet")
    assert len(back) == 4
    assert all(same_wafer(one, other) for one, other in zip(wafers, back, strict=True))


@pytest.mark.parametrize("classes", [(), ("edge",), ("ring", "scratch")])
def test_a_result_that_was_kept_exports_the_same_bytes(tmp_path, classes):
    result = found_on(drawn(3), *classes)
    embedding = np.linspace(-1, 1, 512, dtype=np.float32)
    result = dataclasses.replace(result, segmentation=dataclasses.replace(result.segmentation, embedding=embedding))
    write_results(tmp_path / "a.parquet", [result_row(result, 7, 0.25)], {2: "why"}, "model@1")
    (row,) = read_results(tmp_path / "a.parquet")
    back = result_of_row(row)
    assert (row["place"], row["seconds"]) == (7, 0.25)
    for export in (wafers_csv, instances_csv):
        assert export([back]) == export([result])
    assert result_json(back) == result_json(result)
    assert mask_png(back) == mask_png(result)
    assert np.array_equal(back.segmentation.embedding, embedding)


def test_a_file_says_its_model_its_failures_and_its_size_without_its_rows(tmp_path):
    write_results(tmp_path / "a.parquet", [], {2: "why", 9: "晶"}, "modèle@1")
    assert failures_in(tmp_path / "a.parquet") == {2: "why", 9: "晶"}
    assert model_of(tmp_path / "a.parquet") == "modèle@1"
    assert count_of(tmp_path / "a.parquet") == 0
