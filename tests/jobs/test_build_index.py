import pytest

from core.lake import Lake
from core.segmentation import Segmenter
from core.similarity import SimilarityIndex
from core.similarity.embeddings import lacking
from core.similarity.index import IndexKind
from jobs import build_index, embed_wafers
from tests.core.lake_examples import drawn
from tests.tiny_model import write_tiny_model


@pytest.fixture
def home(tmp_path):
    Lake(tmp_path / "lake").append_wafers(drawn(n) for n in range(7))
    return tmp_path


def test_wafers_are_embedded_once(home, tiny_model_path, capsys):
    words = ["--home", str(home), "--model", str(tiny_model_path)]
    assert embed_wafers.main(words) == 0
    assert "embedded 7 of 7" in capsys.readouterr().err
    assert lacking(Lake(home / "lake"), Segmenter.load(str(tiny_model_path)).name) == []
    assert embed_wafers.main(words) == 0
    assert "Every wafer of the lake is embedded by tiny@" in capsys.readouterr().err


def test_the_index_holds_every_wafer(home, tiny_model_path, capsys):
    assert build_index.main(["--home", str(home), "--model", str(tiny_model_path)]) == 0
    assert "The indexes hold 7 wafers and 0 clusters." in capsys.readouterr().err
    name = Segmenter.load(str(tiny_model_path)).name
    assert len(SimilarityIndex.load(home, name, IndexKind.WAFERS)) == 7


@pytest.mark.parametrize("job", [embed_wafers, build_index])
def test_a_model_that_gives_no_embeddings_is_a_sentence(job, home, tmp_path, capsys):
    plain = write_tiny_model(tmp_path / "plain.onnx", dimension=0)
    assert job.main(["--home", str(home), "--model", str(plain)]) == 1
    assert "the model gives no embeddings" in capsys.readouterr().err
