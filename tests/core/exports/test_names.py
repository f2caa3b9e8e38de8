import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.exports.names import MAX_PART_BYTES, UniqueNames, member_name, safe_part

ANY_TEXT = st.text(st.characters(), max_size=300)
FORBIDDEN_ON_WINDOWS = set('<>:"/\\|?*')


@given(ANY_TEXT)
def test_a_part_of_a_file_name_is_safe_on_every_system(text):
    part = safe_part(text)
    assert not FORBIDDEN_ON_WINDOWS & set(part)
    assert all(character.isprintable() and not character.isspace() for character in part)
    assert part
    assert not part.startswith(".")
    assert not part.endswith(".")
    assert len(part.encode()) <= MAX_PART_BYTES


def test_letters_of_every_script_stay():
    assert safe_part("ロット-7_ä") == "ロット-7_ä"


def test_long_names_that_differ_at_their_end_stay_different():
    assert safe_part("L" * 200 + "1") != safe_part("L" * 200 + "2")


@given(st.lists(st.text("aAbB~12", min_size=1, max_size=4), max_size=40))
def test_no_name_is_given_twice_even_when_capitals_are_ignored(names):
    unique = UniqueNames()
    given_names = [unique.take(name).casefold() for name in names]
    assert len(set(given_names)) == len(names)


@given(ANY_TEXT)
def test_every_key_names_an_array_that_can_be_read_back(key):
    member = member_name(key)
    file = io.BytesIO()
    np.savez(file, **{member: np.array([1, 2])})
    with np.load(io.BytesIO(file.getvalue()), allow_pickle=False) as arrays:
        assert arrays[member].tolist() == [1, 2]


def test_an_ordinary_key_is_its_own_name():
    assert member_name("LOT 1/é:W05") == "LOT 1/é:W05"
