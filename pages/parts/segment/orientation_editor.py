"""Which way up wafers lie: a picture with notch and axes to check, and the rule of the product to put it right."""

from collections.abc import Sequence

import streamlit as st

from core.ingestion.orientation_rules import OrientationRules, keep_rule
from core.settings import settings
from data.orientation import DIE_AXES, Corner, OrientationRule
from data.wafer import WaferMap
from pages.parts.cache.pictures import axes_picture
from pages.parts.cache.stores import database
from pages.parts.literal import literal
from pages.parts.person import person_here
from pages.parts.state.choices import current_theme

PICTURE_PX, PRODUCTS_SHOWN = 230, 4
NOTES = (
    "parts_tested",
    "retested_dies",
    "parts_without_coordinates",
    "parts_without_verdict",
    "defects",
    "defects_outside_the_sample_plan",
)
UNSAID = "x to the right and y down: the file does not name its dies' coordinates."


def orientation_editor(wafer: WaferMap) -> None:
    """Show how a wafer would be saved, and let a person set how files of its product are turned when they are read.

    Args:
        wafer: as read, notch down.
    """
    rules = OrientationRules(str(settings().home))
    rule = rules.of(wafer.product)
    of_product = f"of {wafer.product}" if wafer.product else "of wafers without a product"
    with st.expander("Orientation" + (f": the rule {literal(of_product)} holds" if rule != OrientationRule() else "")):
        picture, widgets = st.columns([1, 2], gap="medium")
        picture.image(axes_picture(wafer, current_theme()), width=PICTURE_PX, alt=f"{wafer.key} with notch and axes")
        with widgets:
            axes = wafer.attributes.get(DIE_AXES)
            said = [f"Notch down; {axes}." if axes else f"Notch down; {UNSAID}"]
            notes = [f"{name.replace('_', ' ')} {wafer.attributes[name]}" for name in NOTES if name in wafer.attributes]
            said += [f"{', '.join(notes).capitalize()}."] if notes else []
            st.caption(literal(" ".join(said)))
            _rule_form(rules, rule, wafer.product, of_product)


def _rule_form(rules: OrientationRules, rule: OrientationRule, product: str, of_product: str) -> None:
    with st.form(f"orientation-{product}", border=False):
        origin_place, rotate_place = st.columns(2)
        origin = origin_place.selectbox(
            "Rows and columns start at",
            list(Corner),
            index=list(Corner).index(rule.origin),
            format_func=str.capitalize,
            help="Where a file counts its rows and columns from. Holds for files that do not declare it themselves.",
        )
        turns = (0, 90, 180, 270)
        rotate = rotate_place.selectbox(
            "Turn clockwise",
            turns,
            index=turns.index(rule.rotate),
            format_func=lambda angle: f"{angle}°",
            help="Turns the dies below the notch, which stays down: for files that declare it wrongly or not at all.",
        )
        mirror = st.checkbox(
            "Swap left and right", value=rule.mirror, help="For wafers seen from their back; done before the turn."
        )
        if st.form_submit_button(
            f"Keep for all files {literal(of_product)}",
            help="Every later import turns wafers of this product so, here and in jobs. Wafers that were saved stay.",
        ):
            said = OrientationRule(origin or Corner.UPPER_LEFT, mirror, rotate or 0)
            keep_rule(database(), rules, product, said, person_here())
            st.rerun()


def lying(wafers: Sequence[WaferMap]) -> None:
    """Show the first wafer of each product with notch and axes, a last look before saving.

    Args:
        wafers: about to be saved.
    """
    first = {wafer.product: wafer for wafer in reversed(wafers)}
    shown = list(first.values())[-PRODUCTS_SHOWN:][::-1]
    st.caption("How the wafers lie. If a notch is not where it should be, set Orientation on the page first.")
    with st.container(horizontal=True):
        for wafer in shown:
            name = f"{wafer.product or 'no product'}, {wafer.wafer_id}"
            st.image(
                axes_picture(wafer, current_theme()),
                caption=literal(name),
                width=160,
                alt=f"{wafer.key} with notch and axes",
            )
