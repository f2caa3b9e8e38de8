"""Ways into a batch: files that are uploaded, or wafers of the lake."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from core.alarms.deliveries import channels
from core.batches.asking import lake_keys
from core.batches.control import launch_batch
from core.batches.folder import Batch, new_batch
from core.batches.notes import BatchRequest
from core.lake import Lake, WaferFilter
from core.settings import settings
from data.formats import known_suffixes
from pages.parts.blocks.filters import class_filter, lot_filter, product_filter, severity_filter, text_filter
from pages.parts.cache.stores import database
from pages.parts.links import link
from pages.parts.person import person_or_account
from pages.parts.segment.read_options import TTA_HELP
from pages.parts.uploads import upload_bounds

CHOSEN = "batch"
SAVE_HELP = "Keeps the wafers and what was found on them in the lake, all at once when everything is segmented."
TELL_HELP = "Sends a message when the batch is done. Channels are made on the page Alarms."


def start_batch(lake: Lake) -> None:
    """Offer to start a batch."""
    uploaded, held = st.tabs(["Upload files", "From the lake"])
    with uploaded:
        _upload()
    with held:
        _from_lake(lake)


def _upload() -> None:
    with st.form("batch-upload", clear_on_submit=True, border=False):
        files = st.file_uploader(
            "Wafer files, or a zip of thousands",
            type=[suffix.removeprefix(".") for suffix in known_suffixes()],
            accept_multiple_files=True,
            help="The files are written to this server's disk before anything is done with them, so the page can be "
            "closed as soon as the batch is listed below.",
            **upload_bounds(),
        )
        title, tta, save, tell = _how("upload", save=True)
        if not st.form_submit_button("Start the batch", type="primary"):
            return
    if not files:
        st.warning("Choose at least one file.")
        return
    batch = new_batch(settings().home)
    with st.spinner("Writing the files to disk"):
        paths = tuple(batch.store(file.name, file) for file in files)
    named = title or (files[0].name if len(files) == 1 else f"{files[0].name} and {len(files) - 1} more")
    _start(batch, BatchRequest(named, "", paths=paths, tta=tta, save=save, channels=tell))


def _from_lake(lake: Lake) -> None:
    if not lake.count():
        st.info("The lake holds no wafer yet. Upload files, and save them to the lake.")
        return
    columns = st.columns([1, 1, 1, 1, 1.2])
    with columns[0]:
        products = product_filter(lake)
    with columns[1]:
        lots = lot_filter(lake)
    with columns[2]:
        classes = class_filter()
    with columns[3]:
        low, high = severity_filter()
    with columns[4]:
        text = text_filter()
    where = WaferFilter(
        product=products, lot=lots, defect_class=classes, severity_min=low, severity_max=high, text=text
    )
    count = lake.count(where)
    st.markdown(f"**{count:,}** of {lake.count():,} wafers", width="content")
    with st.form("batch-lake", border=False):
        names = st.text_area(
            "Only these wafers",
            placeholder="LOT1:W01\nLOT1:W02",
            height=80,
            help="Optional list, LOT:WAFER a line, or the text of a CSV: of the wafers above only those that it names.",
        )
        title, tta, save, tell = _how("lake", save=False)
        if not st.form_submit_button("Start the batch", type="primary", disabled=not count):
            return
    keys = lake_keys(lake, where, names if names.strip() else None)
    request = BatchRequest(title or f"{len(keys):,} wafers of the lake", "", tta=tta, save=save, channels=tell)
    _start(new_batch(settings().home), request, keys)


def _how(key: str, *, save: bool) -> tuple[str, bool, bool, tuple[int, ...]]:
    """Ask for what both ways have in common: title, tta, save, channels."""
    with database().reading() as session:
        known = {one.id: one.name for one in channels(session) if one.enabled}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        title = st.text_input("Name", key=f"batch-title-{key}", placeholder="as the files", width=260, max_chars=150)
        tell = st.multiselect(
            "Tell when done",
            list(known),
            format_func=lambda number: known[number],
            key=f"batch-tell-{key}",
            width=260,
            placeholder="Nobody" if known else "No channels yet",
            help=TELL_HELP,
        )
        saved = st.checkbox("Save to the lake", value=save, key=f"batch-save-{key}", help=SAVE_HELP)
        tta = st.checkbox("Test-time augmentation", key=f"batch-tta-{key}", help=TTA_HELP)
        link("alarms", "Channels")
    return title.strip(), tta, saved, tuple(tell)


def _start(batch: Batch, request: BatchRequest, keys: Sequence[str] = ()) -> None:
    person = person_or_account()
    batch.accept(replace(request, asked_by=person.name), keys)
    launch_batch(database(), settings(), batch, person)
    st.query_params[CHOSEN] = batch.name
    st.rerun()
