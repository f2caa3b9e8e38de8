from xml.etree import ElementTree as Xml

from hypothesis import given
from hypothesis import strategies as st

from core.reports.text import HAN, HANGUL, paragraph_text


@given(st.text())
def test_any_text_is_whole_markup_that_says_the_same(text):
    said = "".join(Xml.fromstring(f"<p>{paragraph_text(text)}</p>").itertext())
    assert said == "".join(c if c.isprintable() else " " for c in text)


def test_each_script_has_a_font_that_holds_it():
    assert paragraph_text("Ω 웨이퍼 L7") == f'<font name="{HAN}">Ω</font> <font name="{HANGUL}">웨이퍼</font> L7'
