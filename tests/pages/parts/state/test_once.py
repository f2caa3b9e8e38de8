import pytest
import streamlit as st

from pages.parts.state.once import drop_once, forget_once, keep_once, kept_once


@pytest.fixture(autouse=True)
def session(monkeypatch):
    monkeypatch.setattr(st, "session_state", {})
    forget_once("account")


def test_what_is_kept_stays_on_its_page_and_goes_with_it():
    keep_once("key", "ws_1")
    forget_once("account")
    assert kept_once("key", str) == "ws_1"
    forget_once("people")
    forget_once("account")
    assert kept_once("key", str) is None


def test_what_is_dropped_is_gone_and_what_is_of_another_kind_is_not_given_out():
    keep_once("key", "ws_1")
    keep_once("codes", "a b")
    drop_once("key")
    drop_once("nothing")
    assert kept_once("key", str) is None
    assert kept_once("codes", tuple) is None
    assert kept_once("codes", str) == "a b"
