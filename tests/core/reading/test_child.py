import io

import pytest

from core.reading.child import answers
from core.reading.messages import HEAD, Hearing, Kind
from core.reading.request import Request, Task
from data.formats import ReadOptions
from tests.data.formats.format_examples import samples
from tests.data.formats.stdf_writers import Records


class Allowance:
    """Counts wafers and limits nothing: a test's process goes on."""

    def __init__(self):
        self.counted = []

    def count(self, wafers):
        self.counted.append(wafers)


def answered(task, name, content, skip=0):
    allowance = Allowance()
    told = list(answers(Request(task, name, ReadOptions(), skip), io.BytesIO(content), allowance))
    return [(buffers[0][0], HEAD.unpack(buffers[0])[1], b"".join(buffers[2:])) for buffers in told], allowance


def test_every_wafer_and_failure_is_a_message():
    archive = samples()["a.zip"]
    told, allowance = answered(Task.READ, "a.zip", archive)
    assert [kind for kind, *_ in told] == [Kind.WAFER] * 3
    assert allowance.counted == [1, 2, 3]


def test_what_the_asker_has_is_not_sent_again():
    messages = list(answers(Request(Task.READ, "a.csv", ReadOptions(), 1), io.BytesIO(samples()["a.csv"]), Allowance()))
    [(head, text, *grids)] = messages
    assert Hearing("a.csv").item(head[0], text, b"".join(grids)).wafer_id == "W02"


@pytest.mark.parametrize(("name", "expected"), [("a.png", b"\x89PNG"), ("a.csv", b"")])
def test_a_picture_is_asked_for(name, expected):
    [(kind, _, content)], _ = answered(Task.PICTURE, name, samples()[name])
    assert kind == Kind.ANSWER
    assert content[:4] == expected


@pytest.mark.parametrize(("name", "expected"), [("a.zip", b"2"), ("a.csv", b"1"), ("a.png", b"1")])
def test_the_number_of_entries_is_asked_for(name, expected):
    [(kind, _, content)], _ = answered(Task.COUNT, name, samples()[name])
    assert (kind, content) == (Kind.ANSWER, expected)


def test_growing_is_asked_for():
    records = Records()
    whole = records.lot(records.wir(), records.parts([(0, 0, 1)]), records.wrr())
    for content, expected in ((whole, b""), (whole.removesuffix(records.mrr()), b"1")):
        assert answered(Task.GROWING, "a.stdf", content)[0][0][2] == expected
