"""The registry: versions of the model in MLflow, with their files and cards. MLflow is loaded only when it is there."""

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from core.evaluation.report import Report
from core.identity import Person
from core.people.roles import Permission, permit
from core.registry.card import Card, read_card, read_reports, shipped_card
from core.registry.latency import kept_latency
from core.registry.shipped_reports import keep_reports, with_kept_reports
from core.segmentation.network import SHIPPED_WEIGHTS
from core.segmentation.serving import SHIPPED
from core.settings import Settings
from core.storage.folder import Folder, make_durable
from core.training.tracking import ask_mlflow
from data.errors import ModelError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

MODEL, CARD = "model.onnx", "card.json"
REGISTERED, EXPERIMENT = "waferscope", "waferscope-models"
CHAMPION, CHALLENGER = "champion", "challenger"
_BEFORE, _SHARE, _SINCE = "waferscope.before", "waferscope.share", "waferscope.since"
_SCORED = "scored"  # when the card last got a report: copies of before are not read
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Version:
    """A version of the model.

    Args:
        number: rising from 1; 0 is the shipped one, which cannot be changed.
        card: what is known about it.
        registered_at: when, None for the shipped one.
        registered_by: who, "" for the shipped one.
        note: what it is, in a sentence.
    """

    number: int
    card: Card
    registered_at: datetime | None = None
    registered_by: str = ""
    note: str = ""


@dataclass(frozen=True)
class Roles:
    """Who serves.

    Args:
        champion: number of the version that is served, 0 for the shipped one.
        challenger: number of the version that gets a share of the wafers, None for none.
        share: of the wafers, 0 to 1.
        since: when the challenger began, UTC in ISO 8601.
        before: champions of before, oldest first.
    """

    champion: int = SHIPPED
    challenger: int | None = None
    share: float = 0.0
    since: str = ""
    before: tuple[int, ...] = ()


class Registry:
    """Versions of the model. Without a database of MLflow it holds the shipped one alone, and loads nothing.

    Args:
        at: settings; they say where MLflow keeps things.

    Example:
        >>> from tempfile import mkdtemp
        >>> [version.number for version in Registry(Settings(home=Path(mkdtemp()))).versions()]
        [0]
    """

    def __init__(self, at: Settings) -> None:
        self._at = at
        self._models = Folder(at.home / "models")

    @property
    def is_empty(self) -> bool:
        """Whether nothing can have been registered yet; answered without loading MLflow."""
        return not self._at.mlflow and not (self._at.home / "mlflow.db").exists()

    def versions(self) -> list[Version]:
        """List the versions, newest first, the shipped one last.

        Raises:
            ModelError: the registry cannot be reached, or a card is damaged.
        """
        found = [] if self.is_empty else self._ask(self._registered)
        return [*(self._version(row) for row in found), self._shipped()]

    def version(self, number: int) -> Version:
        """Return a version by its number.

        Raises:
            ModelError: there is none, or the registry cannot be reached.
        """
        if number == SHIPPED:
            return self._shipped()
        if self.is_empty:
            raise _no_such(number)
        return self._version(self._row(number))

    def file(self, number: int) -> Path:
        """Return the ONNX file of a version on this machine, fetched from a server once.

        Raises:
            ModelError: there is no such version, or it cannot be fetched.
        """
        if number == SHIPPED:
            return SHIPPED_WEIGHTS
        return self._folder(self._row(number)) / MODEL

    def register(self, model: Path, card: Card, person: Person, note: str = "") -> Version:
        """Keep a model as a new version. It is served only once it is promoted.

        Raises:
            NotAllowedError: the acting person may not.
            ModelError: the registry cannot be reached or written, or holds these very bytes already.
        """
        permit(person, Permission.TRAINING_WRITE)
        for version in self.versions():
            if version.card.sha256 == card.sha256:
                remedy = "Promote that one, or name another file."
                raise ModelError(str(model), f"version {version.number} is this very file", remedy)

        def kept(client: "MlflowClient") -> "ModelVersion":
            if not client.search_registered_models(f"name='{REGISTERED}'"):
                client.create_registered_model(REGISTERED)
            run = client.create_run(self._experiment(client), run_name=card.name)
            with tempfile.TemporaryDirectory() as folder:
                (Path(folder) / MODEL).write_bytes(model.read_bytes())
                (Path(folder) / CARD).write_text(card.text, encoding="utf-8")
                client.log_artifacts(run.info.run_id, folder)
            client.set_terminated(run.info.run_id)
            tags = {"sha256": card.sha256, "person": person.name}
            source, number = run.info.artifact_uri, run.info.run_id
            return client.create_model_version(REGISTERED, source, number, tags=tags, description=note)

        return self._version(self._ask(kept))

    def add_reports(self, number: int, reports: Sequence[Path]) -> Version:
        """Put reports that `jobs.evaluate` wrote on a version's card, in place of those on the same data.

        Those on the shipped model are kept in this home, since its card comes with the app.

        Raises:
            ModelError: there is no such version, a report cannot be read or is of another model, or the registry cannot
                be written.
        """
        new = read_reports(self.version(number).card.name, reports)
        if number == SHIPPED:
            keep_reports(self._at, shipped_card(), new)
            return self._shipped()
        with self._models.turn(f"version-{number}"):  # two who score at once would lose one of their reports
            return self._with_reports(number, new)

    def _with_reports(self, number: int, new: Mapping[str, Report]) -> Version:
        card, row = self.version(number).card, self._row(number)
        scored = replace(card, reports={**card.reports, **new})
        with tempfile.TemporaryDirectory(dir=self._folder(row).parent) as folder:
            written = Path(folder) / CARD
            written.write_text(scored.text, encoding="utf-8")
            if _lies_here(row):
                written.replace(self._folder(row) / CARD)
            else:
                self._ask(lambda client: client.log_artifact(str(row.run_id), str(written)))
                stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
                self._ask(lambda client: client.set_model_version_tag(REGISTERED, str(number), _SCORED, stamp))
        return self.version(number)

    def roles(self) -> Roles:
        """Return who is champion and challenger.

        Raises:
            ModelError: the registry cannot be reached.
        """
        if self.is_empty:
            return Roles()

        def read(client: "MlflowClient") -> Roles:
            found = client.search_registered_models(f"name='{REGISTERED}'")
            if not found:
                return Roles()
            names, tags = client.get_registered_model(REGISTERED).aliases, found[0].tags
            challenger = names.get(CHALLENGER)
            return Roles(
                champion=int(names.get(CHAMPION, SHIPPED)),
                challenger=None if challenger is None else int(challenger),
                share=float(tags.get(_SHARE, 0)),
                since=tags.get(_SINCE, ""),
                before=tuple(json.loads(tags.get(_BEFORE, "[]"))),
            )

        return self._ask(read)

    def keep_roles(self, roles: Roles) -> None:
        """Write who is champion and challenger.

        Raises:
            ModelError: the registry cannot be written.
        """

        def write(client: "MlflowClient") -> None:
            for alias, number in ((CHAMPION, roles.champion), (CHALLENGER, roles.challenger)):
                if number:
                    client.set_registered_model_alias(REGISTERED, alias, str(number))
                else:
                    client.delete_registered_model_alias(REGISTERED, alias)
            tags = {_BEFORE: json.dumps(roles.before), _SHARE: str(roles.share), _SINCE: roles.since}
            for name, value in tags.items():
                client.set_registered_model_tag(REGISTERED, name, value)

        self._ask(write)

    def _registered(self, client: "MlflowClient") -> list["ModelVersion"]:
        rows = list(client.search_model_versions(f"name='{REGISTERED}'"))
        return sorted(rows, key=lambda row: -int(row.version))

    def _row(self, number: int) -> "ModelVersion":
        for row in self._ask(self._registered):
            if int(row.version) == number:
                return row
        raise _no_such(number)

    def _shipped(self) -> Version:
        card = with_kept_reports(self._at, shipped_card())
        return Version(SHIPPED, self._timed(card), note="Comes with the app.")

    def _timed(self, card: Card) -> Card:
        """The card with the latency that was last measured here, where one was."""
        here = kept_latency(self._at, card.sha256)
        return card if here is None else card.with_latency(here)

    def _version(self, row: "ModelVersion") -> Version:
        path = self._folder(row) / CARD
        try:
            card = read_card(path.read_text(encoding="utf-8"), str(path))
        except OSError as error:
            raise ModelError(str(path), f"the card cannot be read ({error.strerror})", "Restore it.") from error
        at = datetime.fromtimestamp(row.creation_timestamp / 1000, UTC)
        return Version(
            int(row.version), self._timed(card), at, str(row.tags.get("person", "")), str(row.description or "")
        )

    def _folder(self, row: "ModelVersion") -> Path:
        """Where a version's files are here: the registry's own folder, or a copy of what a server holds."""
        if _lies_here(row):
            from mlflow.artifacts import download_artifacts

            return Path(self._ask(lambda _: download_artifacts(artifact_uri=str(row.source))))
        name = f"version-{row.version}-{row.tags.get('sha256', '')[:12]}{row.tags.get(_SCORED, '')}"
        copy = self._at.home / "models" / name
        if not copy.exists():
            with self._models.turn(name):  # fetched once, however many ask
                if not copy.exists():
                    self._fetch(str(row.run_id), copy)
        return copy

    def _fetch(self, run: str, copy: Path) -> None:
        """Fetch a version's files from the server; a process that is killed meanwhile leaves no half copy."""
        with tempfile.TemporaryDirectory(dir=copy.parent) as folder:
            fetched = Path(folder) / copy.name
            fetched.mkdir()
            self._ask(lambda client: client.download_artifacts(run, "", str(fetched)))
            for path in (*fetched.rglob("*"), fetched):
                make_durable(path)
            fetched.replace(copy)
            make_durable(copy.parent)

    def _experiment(self, client: "MlflowClient") -> str:
        found = client.get_experiment_by_name(EXPERIMENT)
        if found is not None:
            return str(found.experiment_id)
        own = None if self._at.mlflow else (self._at.home.absolute() / "models" / "registered").as_uri()
        return str(client.create_experiment(EXPERIMENT, artifact_location=own))

    def _ask(self, question: Callable[["MlflowClient"], Answer]) -> Answer:
        return ask_mlflow(self._at, question, "the model registry")


def _lies_here(row: "ModelVersion") -> bool:
    """Whether a version's files are in a folder of this machine, and not on a server."""
    return str(row.source).startswith("file:")


def _no_such(number: int) -> ModelError:
    return ModelError(f"model version {number}", "there is no such version", "Choose one of the list.")
