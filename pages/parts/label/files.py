"""Labels in and out: what stands as files, COCO back in with a look before it is kept, datasets frozen and compared."""

import pandas as pd
import streamlit as st

from core.datasets.files import COCO_FILE, import_coco, labels_zip, wafers_of_images
from core.datasets.frozen_sets import freeze, frozen_set, frozen_sets
from core.datasets.label_set import Split, changes
from core.datasets.reading import labels_of_keys
from core.identity import Person
from core.labels.annotations import labelled_keys
from core.labels.coco import coco_json, read_coco
from core.labels.label import Labelled
from core.lake import Lake
from data.errors import WaferError
from pages.parts.blocks.table_download import csv_button
from pages.parts.blocks.taking import take_button, told
from pages.parts.cache.stores import database as open_database
from pages.parts.literal import literal
from pages.parts.uploads import upload_bounds

OUT, IN, FROZEN = PARTS = ("Out", "In", "Frozen datasets")
COCO_OUT = (
    "One file: the outline of every instance in pixels, eight classes. The pictures that it names are in the zip."
)
ALL_OUT = (
    "A zip: that file with its pictures, the die masks as NPZ (LOT:WAFER to a boolean (8, rows, columns)) and as a "
    "picture a wafer, wafers and instances as CSV."
)
MOST_SAID = 10
COCO_HELP = (
    "Of any tool. An image belongs to the wafer that its lot_id and wafer_id name, else its file name LOT_WAFER. "
    "Outlines are snapped to failing dies; they may be drawn on the overlay PNG of a wafer. Nothing is kept before you "
    "say so."
)
CLEAN_HELP = "Only if somebody looked at them all: else an image that nobody annotated gives no label."
AFTER_HELP = "Lots of this version stay on their side of the split."


def label_files(lake: Lake, person: Person) -> None:
    """Offer labels as files, a way in, and frozen datasets.

    Args:
        lake: where the wafers are.
        person: under whose name labels are kept and datasets are frozen.
    """
    part = st.segmented_control(
        "What", PARTS, default=OUT, required=True, key="labels-part", label_visibility="collapsed"
    )
    if part == IN:
        _in(lake, person)
        return
    with open_database().reading() as session:
        keys = labelled_keys(session)
    if part == OUT:
        _out(lake, keys)
    else:
        _freeze_form(lake, keys, person)
        _frozen_list()


def _out(lake: Lake, keys: list[str]) -> None:
    if not keys:
        st.info("Nobody has labelled a wafer yet.")
        return
    st.caption(f"The label that counts of each of {len(keys):,} labelled wafers: gold, then reviewed, then the newest.")
    with st.container(horizontal=True):
        take_button(
            "COCO JSON",
            told(lambda: coco_json(_labels(lake, keys)), COCO_FILE),
            COCO_FILE,
            "application/json",
            help=COCO_OUT,
            on_click="ignore",
        )
        take_button(
            "All as zip",
            told(lambda: labels_zip(_labels(lake, keys)), "labels.zip"),
            "labels.zip",
            "application/zip",
            help=ALL_OUT,
            on_click="ignore",
        )


def _labels(lake: Lake, keys: list[str]) -> list[Labelled]:
    return list(labels_of_keys(open_database(), lake, keys))


def _in(lake: Lake, person: Person) -> None:
    file = st.file_uploader("COCO file", type=["json"], key="coco-file", help=COCO_HELP, **upload_bounds())
    if file is None:
        return
    text = file.getvalue().decode("utf-8", "replace")
    clean_said = st.checkbox("Images without an annotation show no defect", key="coco-clean", help=CLEAN_HELP)
    try:
        found = read_coco(text, wafers_of_images(lake, text), file.name, unannotated_clean=clean_said)
    except WaferError as error:
        st.error(literal(error))
        return
    instances = sum(len(label.instances) for label in found.labels)
    clean = sum(label.no_defect for label in found.labels)
    st.markdown(
        f"Labels of wafers in the lake: **{len(found.labels):,}**, of which {clean:,} say no defect; instances: "
        f"**{instances:,}**; problems: **{len(found.problems):,}**."
    )
    if found.unannotated:
        st.caption(f"Images that nobody annotated, which give no label: {found.unannotated:,}.")
    _say(found.problems)
    if st.button(f"Keep as labels of {literal(person.name)}", type="primary", disabled=not found.labels):
        with st.spinner("Keeping the labels"):
            written = import_coco(open_database(), lake, text, file.name, person, unannotated_clean=clean_said)
        st.success(f"Labels kept under the name {literal(person.name)}: {written.kept:,}.")
        _say([problem for problem in written.problems if problem not in found.problems])


def _say(problems: tuple[str, ...] | list[str]) -> None:
    if problems:
        more = len(problems) - MOST_SAID
        st.warning("\n\n".join([*map(literal, problems[:MOST_SAID]), *([f"And {more:,} more."] if more > 0 else [])]))


def _freeze_form(lake: Lake, keys: list[str], person: Person) -> None:
    with open_database().reading() as session:
        names = [row.name for row in frozen_sets(session)]
    with st.form("freeze", clear_on_submit=False):
        places = st.columns([1, 1, 2, 1], vertical_alignment="bottom")
        name = places[0].text_input("Name", placeholder="v1.0", help="It is never changed after.")
        after = places[1].selectbox("Follows", names, index=None, placeholder="None", help=AFTER_HELP)
        note = places[2].text_input("What it is for")
        pressed = places[3].form_submit_button("Freeze", type="primary", disabled=not keys)
    if not pressed:
        return
    try:
        with st.spinner("Freezing"), open_database().writing() as session:
            wafers = list(lake.wafers_by_keys(keys).values())
            made = freeze(session, name, wafers, person, note=note, after=after or "")
    except WaferError as error:
        st.error(literal(error))
    else:
        st.success(f"{literal(made.name)} is frozen. Labels: {len(made.members):,}; sha256: {made.sha256[:12]}.")


def _frozen_list() -> None:
    with open_database().reading() as session:
        rows = frozen_sets(session)
        sets = {row.name: frozen_set(session, row.name) for row in rows}
    if not rows:
        st.info(
            "No dataset is frozen yet. A frozen one keeps which wafers, which labels and which split, for training."
        )
        return
    frame = pd.DataFrame(
        {
            "name": [row.name for row in rows],
            "frozen": [row.frozen_at for row in rows],
            "by": [row.frozen_by for row in rows],
            "labels": [len(sets[row.name].members) for row in rows],
            **{side.value: [len(sets[row.name].of(side)) for row in rows] for side in Split},
            "follows": [row.after for row in rows],
            "note": [row.note for row in rows],
            "sha256": [row.sha256 for row in rows],
        }
    )
    help_of = {
        "sha256": "Of wafers, labels and split: equal datasets have equal ones.",
        "labels": "Wafers with a label.",
    }
    st.dataframe(
        frame,
        hide_index=True,
        alt="Frozen datasets",
        column_config={
            **{name: st.column_config.Column(name.capitalize(), help=help_of.get(name)) for name in map(str, frame)},
            "frozen": st.column_config.DatetimeColumn("Frozen", format="YYYY-MM-DD HH:mm", help="UTC."),
        },
    )
    csv_button(frame, "frozen_datasets", label="Download CSV")
    if len(rows) < 2:
        return
    names = list(sets)
    places = st.columns(2)
    later = places[0].selectbox("What is new in", names, key="frozen-later")
    earlier = places[1].selectbox("against", names, index=1, key="frozen-earlier")
    head, *lines = changes(sets[earlier], sets[later]).text.splitlines()
    st.markdown(f"**{head}** wafers: {literal(earlier)} to {literal(later)}.")
    if lines:
        st.text("\n".join(lines[:200] + ([f"and {len(lines) - 200:,} more"] if len(lines) > 200 else [])))
