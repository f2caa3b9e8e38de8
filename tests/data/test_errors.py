import pickle

import pytest

from data.errors import FormatError, LakeError, ModelError, SettingError, WaferError, WaferValueError

KINDS = (WaferError, WaferValueError, FormatError, SettingError, ModelError, LakeError)


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
