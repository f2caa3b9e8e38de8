import pickle
import sys
from importlib.machinery import ModuleSpec

import pytest

from data.errors import (
    TRAINING_PACKAGES,
    FormatError,
    LakeError,
    ModelError,
    SettingError,
    TrainingMissingError,
    WaferError,
    WaferValueError,
    check_training_packages,
    inner_words,
)

KINDS = (WaferError, WaferValueError, FormatError, SettingError, ModelError, LakeError, TrainingMissingError)


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_says_where_what_and_what_to_do(kind):
    error = kind("lot7.csv line 3", "column 'x' holds 'a', expected a whole number", "Correct the cell.")
    assert str(error) == "lot7.csv line 3: column 'x' holds 'a', expected a whole number. Correct the cell."
    assert (error.where, error.remedy) == ("lot7.csv line 3", "Correct the cell.")


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_survives_the_way_to_another_process(kind):
    error = kind("here", "this is wrong", "Do that.")
    got = pickle.loads(pickle.dumps(error))
    assert type(got) is kind
    assert (got.where, got.problem, got.remedy, str(got)) == (error.where, error.problem, error.remedy, str(error))


@pytest.mark.parametrize("kind", KINDS)
def test_one_name_catches_them_all(kind):
    with pytest.raises(WaferError, match=r"^a: b\. C\.$"):
        raise kind("a", "b", "C.")


def test_a_wafer_that_contradicts_itself_is_a_value_error_too():
    assert issubclass(WaferValueError, ValueError)


class Finder:
    """Finds every package of training but one, which it knows nothing of or hides."""

    def __init__(self, missing, hides):
        self.missing, self.hides = missing, hides

    def find_spec(self, name, path=None, target=None):
        if name != self.missing:
            return ModuleSpec(name, None) if name in TRAINING_PACKAGES else None
        if self.hides:
            raise ModuleNotFoundError(name=name)
        return None


@pytest.mark.parametrize("hides", [True, False])
@pytest.mark.parametrize("missing", TRAINING_PACKAGES)
def test_a_package_of_training_that_is_missing_is_named_with_the_command_that_installs_it(missing, hides, monkeypatch):
    monkeypatch.setattr(sys, "meta_path", [Finder(missing, hides)])
    for name in TRAINING_PACKAGES:
        monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(TrainingMissingError, match=rf"^jobs\.train: .*, and {missing} is not .*`make train-setup`"):
        check_training_packages("jobs.train")


def test_training_may_begin_where_all_its_packages_are_and_none_is_imported(monkeypatch):
    monkeypatch.setattr(sys, "meta_path", [Finder("", hides=False)])
    for name in TRAINING_PACKAGES:
        monkeypatch.delitem(sys.modules, name, raising=False)
    check_training_packages("jobs.train")
    assert not set(TRAINING_PACKAGES) & set(sys.modules)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("unexpected end of data."), " (unexpected end of data)"),
        (MemoryError("no room\nat all"), " (no room)"),
        (KeyError("a b"), ""),
        (IndexError("7"), ""),
        (StopIteration(), ""),
    ],
)
def test_an_inner_error_is_said_in_its_words_and_without_its_name(error, said):
    assert inner_words(error) == said
