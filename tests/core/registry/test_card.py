import json
from hashlib import sha256

import pytest

from core.registry.card import Card, card_of, read_card, read_reports, shipped_card
from core.registry.latency import Latency
from core.segmentation import Segmenter
from core.segmentation.network import SHIPPED_WEIGHTS
from data.errors import ModelError
from tests.core.registry.models import report, write_model

FAST = Latency(20.0, 40.0, 30, "here")


@pytest.fixture
def model(tmp_path):
    return write_model(tmp_path, "mine")


def test_a_card_says_what_its_file_and_the_reports_beside_it_say(tmp_path, model):
    card = card_of(model, [report(tmp_path, model, {})], data="synthetic", hours=1.5)
    segmenter = Segmenter.load(str(model), threads=1)
    assert (card.name, card.encoder, card.precision) == (segmenter.name, segmenter.metadata.encoder, "int8")
    assert card.sha256 == sha256(model.read_bytes()).hexdigest()
    assert card.megabytes == pytest.approx(model.stat().st_size / 1e6, abs=0.005)
    assert card.parity == json.loads((tmp_path / "mine.parity.json").read_text())
    assert [report["n"] for report in card.reports.values()] == [9]
    assert (card.data, card.hours, card.commit, card.latency) == ("synthetic", 1.5, "", None)


def test_without_a_parity_report_nothing_is_said_of_parity(tmp_path, model):
    (tmp_path / "mine.parity.json").unlink()
    assert card_of(model, []).parity == {}


@pytest.mark.parametrize(("content", "words"), [("{", "cannot be read"), ("[]", "expected a JSON object")])
def test_what_is_no_report_is_named(tmp_path, content, words):
    (tmp_path / "r.json").write_text(content)
    with pytest.raises(ModelError, match=rf"r\.json: .*{words}"):
        read_reports("mine", [tmp_path / "r.json"])


def test_a_report_without_the_name_of_its_data_is_refused(tmp_path):
    (tmp_path / "r.json").write_text('{"model": "mine@1"}')
    with pytest.raises(ModelError, match=r"r\.json: .*does not say.* data"):
        read_reports("mine@1", [tmp_path / "r.json"])


CARD = Card("mine@1", "ab", "resnet18", "int8", 1.0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '"text"',
        '{"name": "x"}',
        CARD.text.replace('"encoder"', '"coder"'),
        CARD.text.replace('"latency": null', '"latency": {"p50_ms": 1}'),
    ],
)
def test_what_is_no_card_is_said_with_where(text):
    assert read_card(CARD.text, "card.json") == CARD
    with pytest.raises(ModelError, match=r"card\.json: it is no model card .*Register the model again"):
        read_card(text, "card.json")


def test_the_shipped_card_is_of_the_shipped_file():
    assert shipped_card().sha256 == sha256(SHIPPED_WEIGHTS.read_bytes()).hexdigest()
    assert shipped_card().reports
    assert shipped_card().never_shown
