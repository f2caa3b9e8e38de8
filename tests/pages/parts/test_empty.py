import pytest
from streamlit.testing.v1 import AppTest

from core.database import AppDatabase
from core.database.audit import entries


def raising(kind: str) -> None:
    import streamlit as st

    from data.errors import AppDatabaseError, LakeError, NotAllowedError
    from pages.parts.empty import explained

    with explained():
        if kind == "wafer":
            raise LakeError("lake", "it is not there", "Look elsewhere.")
        if kind == "disk":
            raise OSError(28, "No space left on device", "/data/lake/part")
        if kind == "database":
            raise AppDatabaseError("db", "it cannot be used", "Any.") from OSError("database or disk is full")
        if kind == "role":
            raise NotAllowedError("Bo (a viewer)", "this role may not promote models", "Ask an admin.")
        raise KeyError(kind)
    st.write("the rest")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("wafer", "lake: it is not there. Look elsewhere."),
        ("disk", "The disk is full: /data/lake/part could not be written."),
        ("database", "The disk is full: what was to be kept could not be written."),
    ],
)
def test_what_people_can_act_on_is_a_sentence_and_ends_the_page(kind, words):
    app = AppTest.from_function(raising, kwargs={"kind": kind}, default_timeout=60).run()
    assert [error.value[: len(words)] for error in app.error] == [words]
    assert not app.exception
    assert not app.markdown


def test_what_somebody_is_refused_is_in_the_trail(tmp_path, monkeypatch):
    monkeypatch.setenv("WAFERSCOPE_HOME", str(tmp_path))
    app = AppTest.from_function(raising, kwargs={"kind": "role"}, default_timeout=60).run()
    assert "this role may not promote models" in app.error[0].value
    with AppDatabase(tmp_path / "decisions.db").reading() as session:
        [entry] = entries(session)
    assert (entry.action, entry.result, entry.subject) == ("refused", "refused", "page /")
    assert entry.details == {"sentence": "this role may not promote models"}


def test_other_errors_are_raised():
    app = AppTest.from_function(raising, kwargs={"kind": "other"}, default_timeout=60).run()
    assert len(app.exception) == 1
    assert not app.error
