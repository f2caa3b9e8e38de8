"""What is known about a model: how it was made, what it scores, how fast it is here. One JSON file a model."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from core.evaluation.report import Report
from core.registry.latency import Latency
from core.segmentation import Segmenter
from core.segmentation.network import SHIPPED_WEIGHTS
from data.errors import ModelError


@dataclass(frozen=True)
class Card:
    """A model's card.

    Args:
        name: name and short hash, as segmentations are marked with.
        sha256: of the ONNX file.
        encoder: of the network.
        precision: "int8" or "float32".
        megabytes: size of the file.
        config: how it was trained, flag by flag.
        data: what it was trained on, with its version.
        labels: which labels of people it learnt from, as `core.datasets.label_marks` tells them apart; "" for none.
        start: sha256 of the model whose weights it started from, "" for none or where nobody noted it.
        commit: of the code that began to train it, "" where nobody noted it.
        hours: of training, None where nobody noted it.
        parity: how INT8 differs from float32, as `jobs.export_model` reports; empty where it was not measured.
        reports: of `jobs.evaluate`, by the name of their data.
        never_shown: what it was never shown, a sentence each.
        latency: on the machine that registered it, None where it was not measured.
    """

    name: str
    sha256: str
    encoder: str
    precision: str
    megabytes: float
    config: Mapping[str, Any] = field(default_factory=dict)
    data: str = ""
    labels: str = ""
    start: str = ""
    commit: str = ""
    hours: float | None = None
    parity: Mapping[str, Any] = field(default_factory=dict)
    reports: Mapping[str, Report] = field(default_factory=dict)
    never_shown: tuple[str, ...] = ()
    latency: Latency | None = None

    @property
    def text(self) -> str:
        """The card as JSON."""
        return json.dumps(asdict(self), indent=1) + "\n"

    def with_latency(self, latency: Latency) -> "Card":
        """Return the same card with another latency."""
        return replace(self, latency=latency)


def read_card(text: str, where: str) -> Card:
    """Read a card from its JSON.

    Raises:
        ModelError: it is not one.
    """
    try:
        told = json.loads(text)
        latency = told.pop("latency")
        shown = tuple(told.pop("never_shown"))
        return Card(**told, never_shown=shown, latency=Latency(**latency) if latency else None)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(where, f"it is no model card ({error!r})", "Register the model again.") from error


def card_of(model: Path, reports: Sequence[Path], **about: object) -> Card:
    """Make a model's card from its file, its parity report beside it, and its evaluation reports.

    Args:
        model: ONNX file.
        reports: that `jobs.evaluate` wrote for it.
        about: `config`, `data`, `labels`, `start`, `commit`, `hours`, `never_shown` of the card.

    Raises:
        ModelError: the model cannot be loaded, or a report cannot be read or is of another model.
    """
    segmenter = Segmenter.load(str(model))
    parity = model.with_name(f"{model.stem}.parity.json")
    card = Card(
        name=segmenter.name,
        sha256=segmenter.sha256,
        encoder=segmenter.metadata.encoder,
        precision=segmenter.metadata.precision,
        megabytes=round(model.stat().st_size / 1e6, 2),
        parity=_read(parity) if parity.exists() else {},
        reports=read_reports(segmenter.name, reports),
    )
    return replace(card, **about)  # type: ignore[arg-type]


def read_reports(model: str, paths: Sequence[Path]) -> dict[str, Report]:
    """Read reports of `jobs.evaluate` on a model of that name, by the name of their data.

    Raises:
        ModelError: a report cannot be read or is of another model.
    """
    found: dict[str, Report] = {}
    for path in paths:
        report = _read(path)
        if report.get("model") != model:
            raise ModelError(
                str(path),
                f"expected a report on {model}, found one on {report.get('model')}",
                "Run python -m jobs.evaluate --model with its file again.",
            )
        if "data" not in report:
            raise ModelError(str(path), "it does not say of which data it is", "Write it again.")
        found[str(report["data"])] = report
    return found


def shipped_card() -> Card:
    """Return the card of the model that comes with the app: what lies beside its weights."""
    return _shipped(SHIPPED_WEIGHTS.stat().st_mtime_ns)


@cache
def _shipped(stamp: int) -> Card:
    """Read it once for each time that the file was written; loading the network takes a moment."""
    folder = SHIPPED_WEIGHTS.parent
    about = _read(folder / "waferscope.card.json")
    about["never_shown"] = tuple(about["never_shown"])
    return card_of(SHIPPED_WEIGHTS, sorted((folder / "evaluation").glob("*.json")), **about)


def _read(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(str(path), f"the report cannot be read ({error})", "Write it again.") from error
    if not isinstance(told, dict):
        raise ModelError(str(path), "expected a JSON object", "Write it again.")
    return told
