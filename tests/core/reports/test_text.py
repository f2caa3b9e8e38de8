from xml.etree import ElementTree as Xml

from hypothesis import given
from hypothesis import strategies as st

from core.reports.text import WIDE, paragraph_text, spelt


@given(st.text())
def test_any_text_is_whole_markup_that_says_the_same(text):
    said = "".join(Xml.fromstring(f"<p>{paragraph_text(text)}</p>").itertext())
    assert said == spelt(text)


def test_a_letter_is_drawn_in_a_font_that_is_embedded_or_as_its_code_point():
    assert paragraph_text("Ω 웨이퍼 L7") == f'<font name="{WIDE}">Ω</font> U+C6E8 U+C774 U+D37C L7'
    assert paragraph_text("Größe µm – Вафля") == f'Größe µm – <font name="{WIDE}">Вафля</font>'


def test_a_script_that_needs_shaping_is_spelt():
    assert spelt("رقاقة")[:6] == "U+0631"
