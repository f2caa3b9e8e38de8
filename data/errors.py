"""Errors that people read: where it happened, what was wrong, what to do next."""

from importlib.util import find_spec

from data.masking import masked

TRAINING_PACKAGES = (
    "torch",
    "torchvision",
    "lightning",
    "segmentation_models_pytorch",
    "pytorch_grad_cam",
    "onnxscript",
)
"""What requirements.txt names beyond requirements-app.txt, as it is imported. The app runs without these."""


def inner_words(error: Exception) -> str:
    """Return what an error of somebody else's code says, in brackets to put behind a problem; "" where it is no words.

    Names of errors are for logs. One that says a key or a number alone, as KeyError does, says nothing to people.

    Example:
        >>> inner_words(ValueError("unexpected end of data.")), inner_words(KeyError("x"))
        (' (unexpected end of data)', '')
    """
    said = str(error).split("\n")[0][:200].rstrip(". ")
    return f" ({said})" if " " in said and not isinstance(error, KeyError) else ""


class WaferError(Exception):
    """A problem that a person can act on, said in one sentence and a next step. It shows no secret of an address.

    Args:
        where: file, line, wafer or setting the problem sits in.
        problem: what was expected and what was found, without a final stop.
        remedy: what to do about it, as a sentence.

    Example:
        >>> str(WaferError("lot7.csv line 3", "column 'x' holds 'a', expected a whole number", "Correct the cell."))
        "lot7.csv line 3: column 'x' holds 'a', expected a whole number. Correct the cell."
    """

    def __init__(self, where: str, problem: str, remedy: str) -> None:
        self.where = masked(where)
        self.problem = masked(problem)
        self.remedy = remedy
        super().__init__(f"{self.where}: {self.problem}. {remedy}")

    def __reduce__(self) -> tuple[type["WaferError"], tuple[str, str, str]]:
        """Keep the three parts across process borders."""
        return type(self), (self.where, self.problem, self.remedy)


class WaferValueError(WaferError, ValueError):
    """A wafer map that contradicts itself."""


class FormatError(WaferError):
    """A file that does not hold what its format promises."""


class ReadingError(WaferError):
    """A file whose reading met a limit, was cancelled, or ended the process that read it."""


class SettingError(WaferError):
    """A setting, flag or class table that cannot be used."""


class ModelError(WaferError):
    """A model file that is missing, damaged or does not fit."""


class TrainingMissingError(WaferError):
    """Something was asked for that needs the packages of training, and they are not installed here."""


class LakeError(WaferError):
    """A lake that cannot be read or written."""


class ExportError(WaferError):
    """A result that a format cannot hold."""


class LabelError(WaferError):
    """A label that cannot be read, or that contradicts itself or its wafer."""


class DraftSupersededError(LabelError):
    """A draft that does not go on from what the same person stored in the meantime."""


class AppDatabaseError(WaferError):
    """An app database that cannot be opened, read or written."""


class TrailError(AppDatabaseError):
    """An audit trail that is not as it was written, cannot be sent on, or a seal of it that is none."""


class NotAllowedError(WaferError):
    """Something that the acting person's role does not allow."""


class AccountError(WaferError):
    """An account, link or key that is not there, has ended, or cannot be what was asked."""


class PasswordError(WaferError):
    """A new password that is too short, too long or too well known."""


class IndexMissingError(WaferError):
    """An index of similar wafers that was not built yet, is damaged, or is of another model."""


class IndexDamagedError(IndexMissingError):
    """An index of look-alikes whose files are there and cannot be read."""


class MapError(WaferError):
    """A map of similar wafers that was not built yet, lags behind its lake, is damaged, or is of another model."""


class BatchError(WaferError):
    """A batch that is not there, is damaged, or cannot do what was asked of it."""


def check_training_packages(where: str) -> None:
    """Refuse what needs the packages of training where they are not installed; none of them is imported.

    Args:
        where: what needs them.

    Raises:
        TrainingMissingError: at least one is not installed.
    """
    missing = next((name for name in TRAINING_PACKAGES if not _is_installed(name)), None)
    if missing is not None:
        raise TrainingMissingError(
            where,
            f"it needs the packages of training, and {missing} is not installed here",
            "Run `make train-setup`, which installs them, and try again.",
        )


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except (ImportError, ValueError):  # an import hook hides it, or what is loaded under its name is no package
        return False
