import xml.etree.ElementTree as ET

import pytest

from core.identity import ACCOUNT, Person
from core.people.roles import Role
from pages.parts.links import ENTRIES, GROUPS, ICON, LOGO, NAMES, PAGES, is_of_use


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


@pytest.mark.parametrize(
    ("person", "shown"),
    [
        (None, set()),
        (Person("Ana", ACCOUNT, 1, Role.ML_ENGINEER), {"account"}),
        (Person("Ana", ACCOUNT, 1, Role.ADMIN), {"account", "people", "trail"}),
    ],
)
def test_pages_about_accounts_are_shown_to_whom_they_are_of_use(person, shown):
    assert {name for name in GROUPS["People"] if is_of_use(name, person)} == shown


def test_without_accounts_every_other_page_is_shown():
    assert all(is_of_use(name, None) for name in NAMES if not ENTRIES[name].accounts)
