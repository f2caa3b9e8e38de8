"""A bounded run of what `jobs.fuzz_readers` does for an hour a format: the same changes, the same answers asked for."""

import numpy as np
import pytest

from jobs.fuzz_readers import write_corpus
from jobs.fuzz_target import fault_of
from jobs.mutations import CHANGES, mutated
from tests.data.formats.format_examples import samples
from tests.data.formats.make_fixtures import FIXTURES

EACH = 40
TEXT = b"x,y,bin\n12,3,1\n4,5,2\n"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> list[bytes]:
    folder = tmp_path_factory.mktemp("corpus")
    write_corpus(folder, [FIXTURES], np.random.default_rng(0))
    return [path.read_bytes() for path in sorted(folder.iterdir())]


@pytest.mark.parametrize("place", range(19))
def test_changed_files_give_wafers_or_sentences(corpus, place):
    rng = np.random.default_rng(place)
    for _ in range(EACH):
        other = corpus[int(rng.integers(len(corpus)))]
        assert fault_of(corpus[place][:1] + mutated(corpus[place][1:], other[1:], rng)) == ""


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_changes_files_of_every_format_and_takes_any_bytes(change):
    changed = [change(content, TEXT, np.random.default_rng(5)) for content in samples().values()]
    assert any(one != content for one, content in zip(changed, samples().values(), strict=True))
    for content in (b"", b"\n", b"0"):
        assert isinstance(change(content, b"", np.random.default_rng(0)), bytes)


def test_the_same_seed_makes_the_same_file():
    assert mutated(TEXT, TEXT, np.random.default_rng(3)) == mutated(TEXT, TEXT, np.random.default_rng(3))
