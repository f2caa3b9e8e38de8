import json

import numpy as np
import pytest

from data.datasets import label_names
from jobs.evaluate_similarity import main, raw_pixels
from tests.core.similarity.similar_examples import shown
from tests.tiny_model import write_tiny_model


def write(path, kinds, seed):
    rng = np.random.default_rng(seed)
    maps = [shown("w", rng.integers(12), [kind] if kind else []).dies for kind in kinds]
    names = ["Edge-Loc", "Center"]
    bits = np.array([[kind == "edge", kind == "center"] for kind in kinds], dtype=np.uint8)
    np.savez(path, maps=np.stack(maps), labels=bits, label_names=names)
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("labelled")
    kinds = ["edge", "center", ""] * 10
    return write(folder / "queries.npz", kinds, 1), write(folder / "gallery.npz", kinds, 2)


def test_wafers_of_one_kind_are_found_by_embedding_better_than_at_random(files, tiny_model_path, tmp_path, capsys):
    out = tmp_path / "reports" / "similar.json"
    assert (
        main(
            ["--queries", str(files[0]), "--gallery", str(files[1]), "--out", str(out), "--model", str(tiny_model_path)]
        )
        == 0
    )
    report = json.loads(out.read_text())
    assert (report["n"], report["gallery_n"], report["queries"]) == (30, 30, "queries.npz")
    for kind in ("by_label", "by_set_of_classes"):
        ours, chance = (report[name][kind] for name in ("embedding", "random"))
        assert ours["precision_at_10"] > 0.5 > chance["precision_at_10"] > 0.2
        assert set(report["pixels"][kind]) == set(ours)
    assert set(report["embedding"]["by_label"]["knn_f1_by_label"]) == {"Edge-Loc", "Center", "None"}
    assert set(report["embedding"]["by_set_of_classes"]["knn_f1_by_label"]) == {"edge", "center", "none"}
    assert "embedding, by_label: precision_at_10" in capsys.readouterr().out


def test_a_report_that_breaks_off_leaves_the_one_before(files, tiny_model_path, tmp_path, request, capsys):
    out = tmp_path / "similar.json"
    out.write_text("kept")
    request.getfixturevalue("full_disk")
    words = ["--queries", str(files[0]), "--gallery", str(files[1]), "--model", str(tiny_model_path)]
    assert main([*words, "--out", str(out)]) == 1
    assert "The disk is full" in capsys.readouterr().err
    assert (out.read_text(), list(tmp_path.iterdir())) == ("kept", [out])


def test_labels_are_named_as_the_file_does(files, tmp_path):
    assert label_names(files[0])[:3] == ["Edge-Loc", "Center", "None"]
    path = tmp_path / "mixed.npz"
    np.savez(path, maps=np.ones((2, 4, 4), np.uint8), labels=[[1, 1], [0, 0]], label_names=["Center", "Scratch"])
    assert label_names(path) == ["Center+Scratch", "None"]


def test_pixels_are_the_failing_share_and_of_unit_length():
    dies = shown("w", 3, ["edge"], size=32).dies
    row = raw_pixels(dies)
    assert np.linalg.norm(row) == pytest.approx(1, abs=1e-6)
    assert np.array_equal(row.reshape(32, 32) > 0, dies == 2)
    assert np.array_equal(raw_pixels(np.ones((9, 9), np.uint8)), np.zeros(1024, np.float32))


def test_what_cannot_be_used_is_told_in_a_sentence(files, tiny_model_path, tmp_path, capsys):
    words = ["--gallery", str(files[1]), "--out", str(tmp_path / "o.json"), "--model"]
    assert main(["--queries", str(tmp_path / "none.npz"), *words, str(tiny_model_path)]) == 1
    plain = write_tiny_model(tmp_path / "plain.onnx", dimension=0)
    assert main(["--queries", str(files[0]), *words, str(plain)]) == 1
    assert "gives no embeddings" in capsys.readouterr().err
    assert not (tmp_path / "o.json").exists()
