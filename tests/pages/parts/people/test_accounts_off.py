from streamlit.testing.v1 import AppTest


def opened():
    import streamlit as st

    from pages.parts.people.accounts_off import stop_without_accounts

    stop_without_accounts()
    st.text("after")


def test_a_page_about_accounts_ends_with_how_to_have_them(monkeypatch):
    monkeypatch.setenv("WAFERSCOPE_ACCOUNTS", "off")
    app = AppTest.from_function(opened).run()
    assert not app.text
    assert "jobs.people invite" in app.code[0].value


def test_a_page_about_accounts_goes_on_where_there_are_some(monkeypatch):
    monkeypatch.setenv("WAFERSCOPE_ACCOUNTS", "on")
    assert AppTest.from_function(opened).run().text[0].value == "after"
