"""Where the pages are, in which groups, and links to them that carry what the page should show."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import parse_qs, urlencode

import streamlit as st

from core.identity import Person
from core.people.roles import Permission, may
from pages.parts.literal import literal

PAGES = Path(__file__).resolve().parent.parent
ICON = PAGES / "parts" / "assets" / "icon.svg"
LOGO = PAGES / "parts" / "assets" / "logo.svg"
PRODUCT, LOT, DATES, CLASS, SEVERITY, TEXT = "product", "lot", "dates", "class", "severity", "text"
ZONE, ATTRIBUTE = "zone", "history"
SORT, ROWS, PAGE, VIEW = "sort", "rows", "page", "view"
SAFE_COLORS = "safe_colors"
FILTERS = (PRODUCT, LOT, DATES, CLASS, ZONE, ATTRIBUTE, SEVERITY, TEXT, SORT, ROWS, PAGE, VIEW, SAFE_COLORS)
"""Names in the query string that pages share."""
TEST = "test"
"""Name in the query string of the test of a wafer that its page shows."""
UNDATED = "undated"
"""Name in the query string of whether only wafers without a date of test are shown; it overrules days."""
ALARM_VIEW, ACCOUNT_VIEW, PEOPLE_VIEW = "show_alarms", "show_account", "show_people"
"""Names in the query string of what the pages of alarms, of one's account and of people show."""
PERSON_SHOWN = "account"
"""Name in the query string of the account that the page of people shows."""
TRAIL_PERSON, TRAIL_ACTION, TRAIL_SUBJECT, TRAIL_DAYS, TRAIL_PAGE = "who", "action", "subject", "between", "trail_page"
"""Names in the query string of what the page of the trail shows."""
CARRIED = "filters"
"""Name under which a link carries filters.

Streamlit drops each name of an address that a widget of the page one leaves is bound to: a link may not spell it out.
"""

FORMER_NAMES = {"read_careful": "read_tta", "family": "cluster"}
"""Names in the query string of links that people kept from earlier versions, and what says the same now."""


@dataclass(frozen=True)
class PageEntry:
    """One page as the navigation shows it.

    Args:
        group: heading it stands under.
        title: its name.
        help: what it is for, one sentence.
        filters: whether filters of others work on it; elsewhere they stay packed in the address, for the way back.
        needs: what one has to be allowed to do for it to be of use.
        accounts: whether it is there only where people sign in.
    """

    group: str
    title: str
    help: str
    filters: bool = False
    needs: Permission | None = None
    accounts: bool = False


ENTRIES = {
    "overview": PageEntry(
        "Monitor", "Overview", "Yield, defects by week and the worst wafers of the newest day.", filters=True
    ),
    "trends": PageEntry(
        "Monitor", "Trends", "Each class over time, with control limits and what is out of them.", filters=True
    ),
    "commonality": PageEntry(
        "Monitor", "Commonality", "Which tool, chamber or program the affected wafers share.", filters=True
    ),
    "lot": PageEntry("Monitor", "Lot", "One lot: its wafers stacked, profiles, slot effects, report.", filters=True),
    "alarms": PageEntry("Monitor", "Alarms", "What needs somebody's eyes, and the rules that say so."),
    "monitoring": PageEntry(
        "Monitor", "Monitoring", "How well the model does by people's labels, at work, and drift.", filters=True
    ),
    "wafers": PageEntry("Explore", "Wafers", "Every wafer of the lake: filter, sort, download.", filters=True),
    "wafer": PageEntry("Explore", "Wafer", "One wafer: its map, its clusters, how severe and how sure."),
    "similar": PageEntry("Explore", "Similar", "Wafers that look like an upload, a wafer, one cluster or a sketch."),
    "map": PageEntry(
        "Explore", "Map", "All wafers by likeness: clusters, and what is unlike anything seen.", filters=True
    ),
    "compare": PageEntry("Explore", "Compare", "Two groups of wafers side by side: where and how they differ."),
    "segment": PageEntry(
        "Segment",
        "Segment",
        "Drop wafer maps and see which dies belong to which defect.",
        needs=Permission.INFERENCE_WRITE,
    ),
    "batch": PageEntry(
        "Segment",
        "Batch",
        "Thousands of wafers as a job: progress, pause, failures, one zip.",
        filters=True,
        needs=Permission.INFERENCE_WRITE,
    ),
    "annotate": PageEntry(
        "Label", "Annotate", "Mark which failing dies belong to which defect.", needs=Permission.ANNOTATION_WRITE
    ),
    "review": PageEntry(
        "Label",
        "Review",
        "Two labels and the model side by side: accept, merge or redo.",
        needs=Permission.ANNOTATION_REVIEW,
    ),
    "label_queue": PageEntry(
        "Label", "Queue", "What is to be labelled, by whom, and how far along it is.", needs=Permission.ANNOTATION_READ
    ),
    "active_learning": PageEntry(
        "Learn",
        "Active learning",
        "What to label next and why, what labels brought, when to stop.",
        needs=Permission.ACTIVE_LEARNING_READ,
    ),
    "model_versions": PageEntry(
        "Learn", "Models", "Versions of the model: trust sheets, comparison, promotion.", needs=Permission.MODEL_READ
    ),
    "training": PageEntry(
        "Learn", "Training", "Start a run, watch its curves, stop it and go on.", needs=Permission.TRAINING_READ
    ),
    "account": PageEntry(
        "People", "Account", "Your profile, password, second factor, sessions, keys and data.", accounts=True
    ),
    "people": PageEntry(
        "People",
        "People",
        "Who may sign in, in which role, and whose wafers they see.",
        needs=Permission.USER_READ,
        accounts=True,
    ),
    "trail": PageEntry(
        "People",
        "Trail",
        "Who did what, to what, and when.",
        needs=Permission.USER_READ,
        accounts=True,
    ),
}
NAMES = tuple(ENTRIES)
GROUPS = {entry.group: [n for n in NAMES if ENTRIES[n].group == entry.group] for entry in ENTRIES.values()}


def navigation(person: Person | None) -> dict[str, list[st.Page]]:
    """Return the pages by their groups; one that is of no use to a person is not shown, though its address answers.

    Args:
        person: who has signed in, None where nobody has to.
    """
    return {
        group: [page_of(name, hidden=not is_of_use(name, person)) for name in names] for group, names in GROUPS.items()
    }


def is_of_use(name: str, person: Person | None) -> bool:
    """Whether a person may do what a page is for; without accounts everybody may, but for what is about accounts."""
    entry = ENTRIES[name]
    if person is None:
        return not entry.accounts
    return entry.needs is None or may(person, entry.needs)


def page_of(name: str, *, hidden: bool = False) -> st.Page:
    """Return a page as `st.navigation` and links take it."""
    entry = ENTRIES[name]
    return st.Page(
        PAGES / f"{name}.py",
        title=entry.title,
        help=entry.help,
        default=name == NAMES[0],
        url_path=name,
        visibility="hidden" if hidden else "visible",
    )


@cache
def _target(name: str) -> st.Page:
    """Return a page to link to, one for all sessions: making it looks up its file, and a page may hold 100 links."""
    return page_of(name)


def link(name: str, label: str, *, help: str | None = None, **query: str | list[str]) -> None:
    """Draw a link to a page, with what it should show; nothing where the page does not exist.

    Args:
        name: of the page.
        label: what the link says; it is shown as it is, whatever name is in it.
        help: tooltip.
        query: what the page should show, in place of the filters in force and besides them.
    """
    if name in NAMES:
        asked = _packed({**_filters(), **query})
        st.page_link(_target(name), label=f":primary[{literal(label)}]", help=help, query_params=asked)


def open_page(name: str, **query: str | list[str]) -> None:
    """Leave for another page, with what it should show in place of the filters in force and besides them."""
    st.switch_page(page_of(name), query_params=_packed({**_filters(), **query}))


def follow(page: st.Page) -> None:
    """Spell out the filters that a link carries, and former names as today's; call it before the page draws."""
    carried = CARRIED in st.query_params and ENTRIES[page.url_path or NAMES[0]].filters
    if not carried and FORMER_NAMES.keys().isdisjoint(st.query_params):
        return
    asked = {FORMER_NAMES.get(name, name): st.query_params.get_all(name) for name in st.query_params}
    if carried:
        asked = {name: values for name, values in asked.items() if name != CARRIED} | _filters()
    st.switch_page(page, query_params=asked)


def _packed(asked: Mapping[str, str | list[str]]) -> dict[str, str | list[str]]:
    """Return an address's query in which all filters stand under one name."""
    filters = {name: value for name, value in asked.items() if name in FILTERS}
    rest = {name: value for name, value in asked.items() if name not in FILTERS}
    return rest | ({CARRIED: urlencode(filters, doseq=True)} if filters else {})


def _filters() -> dict[str, list[str]]:
    """Return the filters in force, spelled out or packed: they travel along, so that the way back finds them again."""
    packed = parse_qs(st.query_params.get(CARRIED, ""))
    shown = {key: st.query_params.get_all(key) for key in FILTERS if key in st.query_params}
    return {key: values for key, values in {**packed, **shown}.items() if key in FILTERS}
