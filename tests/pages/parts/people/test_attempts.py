from streamlit.testing.v1 import AppTest


def tried():
    import streamlit as st

    from data.errors import AccountError
    from pages.parts.people.attempts import attempt

    with attempt():
        raise AccountError("*Ana*", "it cannot be", "Try again.")
    st.text("after")


def test_what_is_refused_is_said_letter_by_letter_and_the_page_goes_on():
    app = AppTest.from_function(tried).run()
    assert app.error[0].value == r"\*Ana\*: it cannot be. Try again."
    assert app.text[0].value == "after"
