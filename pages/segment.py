"""Segment: drop wafer maps, see which dies belong to which defect, take the results away or save them."""

import io
import math
from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.exports import OverlayStyle, results_zip
from core.ingestion.samples import sample_files
from core.ingestion.upload_session import UploadProgress, UploadSession
from core.ingestion.uploaded_file import Entry
from data.formats import ReadFailure, known_suffixes
from pages.parts.blocks.exports import archive_menu
from pages.parts.blocks.taking import take_button, told
from pages.parts.cache.models import segmenter, warm_up
from pages.parts.empty import explained
from pages.parts.segment.orientation_editor import orientation_editor
from pages.parts.segment.read_options import map_choice, reading_plan
from pages.parts.segment.results_browser import results_browser
from pages.parts.segment.save_dialog import save_dialog
from pages.parts.state.choices import chosen_palette, current_theme
from pages.parts.state.upload import chosen_tile, drop_upload, is_new_upload, upload, upload_round
from pages.parts.uploads import upload_bounds
from pages.parts.wafers.remarks import remarks
from pages.parts.wafers.view import wafer_view

FIRST_SECONDS, LATER_SECONDS = 1.0, 2.0
FAILURES_SHOWN = 100
BROWSER = "segment-browser"


def hand_in(held: UploadSession) -> None:
    """Offer the ways in: files, and samples for who has none."""
    head = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom")
    files = st.file_uploader(
        "Wafer maps: STDF, KLARF, SEMI maps, images, die tables, npz, or a zip of them",
        type=[suffix.removeprefix(".") for suffix in known_suffixes()],
        accept_multiple_files=True,
        key=f"segment-files-{upload_round()}",
        label_visibility="collapsed",
        **upload_bounds(),
    )
    for file in files:
        if is_new_upload(file.file_id):
            held.add(file.name, file.getvalue())
    head.title("Segment", width="content")
    if held.files:
        head.button("Start over", on_click=drop_upload, help="Forgets all files and results of this page.")
    elif head.button("Try six sample wafers", help="Synthetic wafers, handed in as PNG files."):
        for name, content in sample_files():
            held.add(name, content)
        st.rerun()


def invitation() -> None:
    """Show what goes in and what comes out, as long as there is nothing to show."""
    goes_in, named, comes_out = st.columns(3, gap="large")
    goes_in.markdown("**What goes in**")
    goes_in.caption(
        "STDF, KLARF, SEMI G85 and E142, SINF and text maps, images (PNG, TIFF, JPEG), die tables with x, y and bin "
        "(CSV, Parquet), NPZ, LSWMD.pkl, or a zip of any of these. One bad file does not stop the others."
    )
    named.markdown("**How wafers are named**")
    named.caption(
        "From the file where it says so, else from its name: LOT123_W05.png is wafer W05 of lot LOT123. Names can be "
        "corrected before saving."
    )
    comes_out.markdown("**What comes out**")
    comes_out.caption(
        "Which dies belong to which defect, every cluster measured, the wafer's severity; as pictures, masks, CSV and "
        "JSON. Nothing is kept until you save it to the lake."
    )


def begin(held: UploadSession, place: DeltaGenerator) -> DeltaGenerator | None:
    """Work for a moment where there is nothing to show yet; return the bar if work is left then."""
    if not held.waiting:
        return None
    with place.container(horizontal=True, vertical_alignment="center"):
        bar = st.empty()
        cancel_button(held)
    draw_progress(bar, held.progress)
    if held.ready or work(held, FIRST_SECONDS, bar):
        return bar
    place.empty()
    return None


def work(held: UploadSession, seconds: float, bar: DeltaGenerator) -> bool:
    """Do some of what is left, with a bar that says how far it is; return whether work is left then."""
    for progress in held.work(segmenter(), seconds):
        draw_progress(bar, progress)
    return held.waiting


def cancel_button(held: UploadSession) -> None:
    """Offer to end what is going on; what was read, and what was segmented, stays."""
    what = "Reading" if held.progress.reading else "Segmenting"
    stays = "what was read is segmented" if held.progress.reading else "what was segmented"
    st.button("Cancel", key="segment-cancel", on_click=held.cancel, help=f"{what} ends here; {stays} stays.")


def draw_progress(bar: DeltaGenerator, progress: UploadProgress) -> None:
    """Draw the bar."""
    bar.progress(min(progress.part, 1.0), words(progress))


def words(progress: UploadProgress) -> str:
    """Return count, rate and time left in words."""
    left = progress.seconds_left
    until = f"{left:.0f} s left" if left < 90 else f"{left / 60:.0f} min left" if math.isfinite(left) else ""
    if progress.reading:
        return f"Reading: {progress.done:,} of {progress.total:,} files · {until or f'{progress.seconds:.0f} s so far'}"
    wafers = f"Segmenting: {progress.done:,} of {progress.total:,} wafers"
    return f"{wafers} · {progress.rate:.1f} a second · {until}" if until else wafers


def summary(held: UploadSession, ready: Sequence[Entry]) -> None:
    """Show what came out in one line, and offer it as one archive."""
    failures = held.failures
    found = sum(bool(entry.result and entry.result.segmentation.classes_present) for entry in ready)
    parts = [f"**{len(ready):,}** wafer{'s' * (len(ready) != 1)}", f"**{found:,}** with a pattern"]
    if failures:
        parts.append(f":red[**{len(failures):,}** could not be read]")
    if ready:
        parts.append(f"{sum(entry.milliseconds for entry in ready) / len(ready):.0f} ms a wafer")
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
        st.markdown(" · ".join(parts), width="stretch")
        if ready:
            palette, theme = chosen_palette(), current_theme()
            timed = [(entry.result, entry.milliseconds) for entry in ready if entry.result]

            def archive() -> bytes:
                """Make the archive when it is asked for."""
                file = io.BytesIO()
                reasons = [(failure.source_name, failure.reason) for failure in failures]
                results_zip(timed, file, reasons, OverlayStyle(palette, theme))
                return file.getvalue()

            take_button(
                "Download all",
                data=told(archive, "waferscope_results.zip"),
                file_name="waferscope_results.zip",
                mime="application/zip",
                on_click="ignore",
                help="One zip: masks (PNG, NPZ), overlays, clusters and wafers (CSV), coordinates and summary (JSON).",
            )
            archive_menu(lambda: [result for result, _ in timed], len(timed), "waferscope_export", key="segment-export")
            wait = "Possible as soon as all wafers are segmented." if held.waiting else None
            if st.button("Save to the lake", type="primary", disabled=held.waiting, help=wait):
                save_dialog(held, key=f"segment-names-{upload_round()}-{len(ready)}-{hash(held.plan)}")


def unread(failures: Sequence[ReadFailure]) -> None:
    """List the files that could not be read, each with its sentence."""
    if not failures:
        return
    with st.expander(f"Could not be read: {len(failures)}", expanded=len(failures) <= 8):
        for failure in failures[:FAILURES_SHOWN]:
            st.text(failure.reason)
        if len(failures) > FAILURES_SHOWN:
            st.caption(f"and {len(failures) - FAILURES_SHOWN} more, all listed in summary.json of the download.")


def show_results(held: UploadSession, ready: Sequence[Entry]) -> None:
    """Show the results as tiles, and the chosen one large."""
    chosen = results_browser(ready, held.plan, key=BROWSER)
    map_choice(chosen.wafer)
    orientation_editor(chosen.wafer)
    remarks(chosen.wafer)
    if chosen.result:
        wafer_view(chosen.result, key="segment")


def show() -> None:
    """Take files in, work on them, and show what is ready."""
    held = upload()
    hand_in(held)
    held.follow(reading_plan(held.files, chosen_tile(BROWSER)))
    bar = begin(held, st.empty())
    ready = held.ready
    if held.files:
        summary(held, ready)
        unread(held.failures)
    else:
        invitation()
        warm_up(segmenter(), segmenter().name)
    if ready:
        show_results(held, ready)
    if bar:
        # Results stay usable while the rest is worked on: a while of work, then a rerun that shows what is new.
        work(held, LATER_SECONDS, bar)
        st.rerun()


with explained():
    show()
