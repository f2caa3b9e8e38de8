import re

from pages.parts.links import PAGES
from pages.parts.measures import HELP
from pages.parts.monitor import lot_charts


def test_every_measure_that_a_page_asks_for_is_explained_and_none_is_explained_in_vain():
    texts = [path.read_text(encoding="utf-8") for path in PAGES.rglob("*.py") if path.name != "measures.py"]
    sources = "".join(text for text in texts if "\nHELP = {" not in text)  # some explain their own measures
    asked = set(re.findall(r"HELP\[\"(\w+)\"\]", sources)) | set(re.findall(r"HELP\['(\w+)'\]", sources))
    quoted = {key for key in HELP if f'"{key}"' in sources}
    assert asked <= set(HELP) | set(lot_charts.HELP)
    assert set(HELP) - asked - quoted == set()


def test_every_explanation_is_sentences():
    assert [key for key, words in HELP.items() if not words.rstrip().endswith(".")] == []
