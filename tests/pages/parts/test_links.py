import xml.etree.ElementTree as ET

from pages.parts.links import ENTRIES, GROUPS, ICON, LOGO, NAMES, PAGES


def test_every_page_file_is_in_the_navigation_once():
    files = {path.stem for path in PAGES.glob("*.py")} - {"__init__"}
    assert set(NAMES) == files
    assert sorted(name for names in GROUPS.values() for name in names) == sorted(NAMES)


def test_every_page_says_what_it_is_for():
    assert all(entry.help.endswith(".") and entry.title for entry in ENTRIES.values())


def test_pictures_of_the_frame_are_whole_and_fetch_nothing():
    for path in (ICON, LOGO):
        text = path.read_text(encoding="utf-8")
        assert ET.fromstring(text).tag.endswith("svg")
        assert "href" not in text
        assert "@import" not in text
