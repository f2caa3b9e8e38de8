"""Ways into the queue: wafers by filter, by name, or those that a page shows."""

from collections.abc import Sequence

import streamlit as st

from core.annotation.filling import MOST, candidates_by_filter, named_wafers
from core.annotation.items import Candidate, Status
from core.annotation.queue import fill
from core.identity import Person
from core.labels.annotations import labelled_keys
from core.lake import Lake, WaferFilter
from data.classes import CLASSES
from pages.parts.cache.stores import database as open_database
from pages.parts.literal import literal
from pages.parts.person import person_or_account
from pages.parts.uploads import upload_bounds
from pages.parts.wafers.table import ORDERS, WORST_FIRST

NAMES = {c.key: c.name for c in CLASSES}


def fill_form(lake: Lake, person: Person, iteration: int) -> None:
    """Offer to add wafers by filter or by name.

    Args:
        lake: where the wafers are.
        person: who adds them.
        iteration: newest round of labelling.
    """
    by_filter, by_name = st.tabs(["By filter", "By name"])
    with by_filter, st.form("fill-filter"):
        upper, lower = st.columns(4), st.columns(4, vertical_alignment="bottom")
        products = upper[0].multiselect("Product", lake.distinct("product"), placeholder="All products")
        lots = upper[1].multiselect("Lot", lake.distinct("lot_id"), placeholder="All lots")
        classes = upper[2].multiselect("Class", list(NAMES), format_func=NAMES.__getitem__, placeholder="Any")
        order = upper[3].selectbox("Order", list(ORDERS), index=list(ORDERS).index(WORST_FIRST))
        limit = lower[0].number_input("Wafers at most", 1, MOST, 100)
        copies, number = _how(lower[1:3], iteration, "filter")
        spares = lower[3].number_input(
            "Spares", 0, MOST, 5, help="The next in this order: each takes the place of a wafer that nobody can tell."
        )
        bare = _only_without_label("filter")
        if st.form_submit_button("Add to the queue", type="primary"):
            where = WaferFilter(product=products, lot=lots, defect_class=classes)
            found = candidates_by_filter(lake, where, ORDERS[order], limit + spares, order.lower(), _labelled(bare))
            _add(found[:limit], person, number, copies, found[limit:])
    with by_name, st.form("fill-names"):
        typed = st.text_area("Wafers", placeholder="LOT1:W01\nLOT1:W02", help="LOT:WAFER, a line each, or a CSV.")
        file = st.file_uploader("or a file of them", type=["txt", "csv"], **upload_bounds())
        copies, number = _how(st.columns(3, vertical_alignment="bottom"), iteration, "names")
        if st.form_submit_button("Add to the queue", type="primary"):
            text = typed + "\n" + (file.getvalue().decode("utf-8", "replace") if file else "")
            named = named_wafers(lake, text)
            if named.unknown:
                more = f" and {len(named.unknown) - 5} more" if len(named.unknown) > 5 else ""
                st.warning(
                    f"The lake holds no {literal(', '.join(named.unknown[:5]))}{more}. Check lot and wafer, as LOT:W01."
                )
            _add([Candidate(key, reason="by name") for key in named.known], person, number, copies)


def queue_button(lake: Lake, where: WaferFilter, sort: str, found: int) -> None:
    """Offer to add the wafers of a page's filter to the queue, in the page's order."""
    with st.popover("Label these", disabled=not found, help="Adds the wafers of this filter to the label queue."):
        limit = st.number_input("Wafers at most", 1, MOST, min(max(found, 1), 100), key="label-these")
        bare = _only_without_label("these")
        if st.button("Add to the queue", key="label-these-add"):
            chosen = candidates_by_filter(lake, where, sort, int(limit), "from the Wafers page", _labelled(bare))
            _add(chosen, person_or_account(), 1, 1)


def _only_without_label(key: str) -> bool:
    return st.checkbox(
        "Only without a label", value=True, key=f"{key}-bare", help="Wafers that have a standing label are left out."
    )


def _labelled(passed_over: bool) -> frozenset[str]:
    """Wafers that have a label, where they are passed over."""
    if not passed_over:
        return frozenset()
    with open_database().reading() as session:
        return frozenset(labelled_keys(session))


def _how(places: Sequence[st.delta_generator.DeltaGenerator], iteration: int, key: str) -> tuple[int, int]:
    copies = places[0].number_input(
        "Labels a wafer", 1, 5, 1, key=f"{key}-copies", help="How many people label each, without knowing of it."
    )
    number = places[1].number_input("Round", 1, 10_000, iteration, key=f"{key}-round")
    return int(copies), int(number)


def _add(
    candidates: Sequence[Candidate], person: Person, iteration: int, copies: int, spares: Sequence[Candidate] = ()
) -> None:
    if not candidates:
        st.info("No wafer fits: widen the filter, take labelled wafers too, or correct the names.")
        return
    with open_database().writing() as session:
        added = fill(session, candidates, person, iteration=iteration, copies=copies)
        held_back = fill(session, spares, person, iteration=iteration, copies=copies, status=Status.SPARE)
    left = len(candidates) * copies - added
    said = f"{added:,} added."
    said += f" {held_back:,} spare." if held_back else ""
    st.success(said + (f" {left:,} were queued already." if left else ""))
