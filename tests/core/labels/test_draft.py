import json

import numpy as np
import pytest

from core.labels.draft import read_draft
from core.labels.label import Label, LabelInstance, encode
from data.errors import LabelError

LABEL = Label("L:W", (2, 3), (LabelInstance(1, "edge", np.array([[0, 1], [1, 2]])),))


def text(**fields) -> str:
    return json.dumps({"version": 1, "revision": 4, "elapsed_s": 61.5, "label": json.loads(encode(LABEL))} | fields)


def test_a_draft_is_its_label_with_revision_time_and_the_text_itself():
    draft = read_draft(text(history={"kept": "as it is"}))
    assert encode(draft.label) == encode(LABEL)
    assert (draft.revision, draft.elapsed_s) == (4, 61.5)
    assert draft.text == text(history={"kept": "as it is"})


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("[", "not JSON"),
        ("[]", "version 1"),
        (text(version=2), "version 1"),
        (text(revision=-1), "whole number from 0, found -1"),
        (text(revision=True), "found True"),
        (text(tab=3), "name of a tab"),
        (text(seen=[]), "name of a tab"),
        (text(seen={"a": "1"}), "whole number from 0, found '1'"),
        (text(elapsed_s=-0.1), "number of seconds, found -0.1"),
        (text(elapsed_s=float("inf")), "number of seconds, found inf"),
        (text(elapsed_s="1"), "number of seconds, found '1'"),
        (text(label=None), "version 1"),
        (text(label={"version": 1}), "missing"),
    ],
)
def test_what_is_no_draft_is_refused_in_a_sentence(bad, said):
    with pytest.raises(LabelError, match=said):
        read_draft(bad)
