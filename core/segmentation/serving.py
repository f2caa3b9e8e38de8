"""Which model files this home serves: one small file, so that starting the app never waits for the registry."""

import json
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path

from core.segmentation.network import SHIPPED_WEIGHTS
from core.settings import Settings
from core.storage.folder import Folder
from data.errors import ModelError

SHIPPED = 0
"""Number of the shipped model among the versions."""


@dataclass(frozen=True)
class ServedModel:
    """A version that is served.

    Args:
        number: of the version, 0 for the shipped one.
        name: name and short hash, as segmentations are marked with.
        path: its ONNX file on this machine.
    """

    number: int
    name: str
    path: str


@dataclass(frozen=True)
class Serving:
    """What is served.

    Args:
        champion: serves everything that is not the challenger's; None: the shipped model.
        challenger: serves its share of the wafers; None: nobody does.
        share: of the wafers that the challenger segments, 0 to 1.
        since: when that share began, UTC in ISO 8601, "" without a challenger.
        decision: number of the decision in the app database that this follows, 0 where there was none.
    """

    champion: ServedModel | None = None
    challenger: ServedModel | None = None
    share: float = 0.0
    since: str = ""
    decision: int = 0


def served(at: Settings) -> Serving:
    """Read what this home serves; the shipped model where nothing was ever promoted.

    Raises:
        ModelError: the file that says so is damaged.
    """
    path = _file(at)
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        models = {name: ServedModel(**told[name]) if told[name] else None for name in ("champion", "challenger")}
        share, decision = float(told["share"]), int(told.get("decision", 0))
        return Serving(models["champion"], models["challenger"], share, str(told["since"]), decision)
    except FileNotFoundError:
        return Serving()
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ModelError(
            str(path),
            f"it does not say which model is served ({error!r})",
            "Write it anew with python -m jobs.promote_model sync, or delete it to serve the shipped model.",
        ) from error


def keep_served(at: Settings, serving: Serving) -> None:
    """Serve these models from now on; the file changes whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    path = _file(at)
    Folder(path.parent).write_text(path.name, json.dumps(asdict(serving), indent=1) + "\n")


def model_in_use(at: Settings) -> Path:
    """Return which file segments: that of the settings, else the champion's, else the shipped one.

    Raises:
        ModelError: nobody can say which champion there is.
    """
    if at.model:
        return Path(at.model)
    champion = served(at).champion
    return Path(champion.path) if champion else SHIPPED_WEIGHTS


def challenger_takes(wafer_key: str, share: float) -> bool:
    """Return whether a wafer is the challenger's, always the same for the same key and a growing share.

    Example:
        >>> [challenger_takes("LOT1:W01", share) for share in (0.0, 1.0)]
        [False, True]
    """
    place = int.from_bytes(blake2b(wafer_key.encode(), digest_size=8).digest()) / 2**64
    return place < share


def _file(at: Settings) -> Path:
    return at.home / "models" / "serving.json"
