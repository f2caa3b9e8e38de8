"""What a person may say about files before they are read; the query string keeps it."""

import re
from collections.abc import Sequence
from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.ingestion.orientation_rules import with_rules
from core.ingestion.upload_session import ReadingPlan
from core.ingestion.uploaded_file import UploadedFile
from core.settings import settings
from data.bin_names import MAP, MAPS
from data.errors import SettingError
from data.formats import ReadOptions
from data.wafer import Notch, WaferMap
from pages.parts.cache.pictures import tone_pictures
from pages.parts.literal import literal
from pages.parts.state.choices import current_theme
from pages.parts.state.widgets import set_widget, widget_text

VALUE = re.compile(r"-?\d+|#[0-9a-fA-F]{6}")
TONES: dict[Literal["bright", "dark"], str] = {"bright": "Bright fails", "dark": "Dark fails"}
TTA_HELP = "Averages over all eight turns and flips of each wafer: steadier answers, up to eight times the work."
MAP_WORDS = {"hard": "Hard bins", "soft": "Soft bins"}
Value = int | str


def reading_plan(files: Sequence[UploadedFile], chosen: str) -> ReadingPlan:
    """Ask for names, lengths and meanings that files leave open, and how to segment; all may be left as they are.

    Args:
        files: what was handed in so far; an image among them shows what a threshold does.
        chosen: id of the wafer that is looked at; if it is of an image, that one shows it.
    """
    with st.expander("Options"):
        names, lengths = st.columns(5), st.columns(4)
        product, lot, notch, overlay = _names(names)
        diameter = _length(
            names[3], "Wafer diameter, mm", "read_diameter", "Of wafers whose file gives none. 300 mm is assumed."
        )
        across = _length(lengths[0], "Die width, mm", "read_pitch_x", "Pitch between columns, street included.")
        down = _length(lengths[1], "Die height, mm", "read_pitch_y", "Pitch between rows, street included.")
        passing = _values(lengths[2], "Values that pass", "read_pass")
        failing = _values(lengths[3], "Values that fail", "read_fail")
        threshold, tone, tta = _switches()
        if (across is None) != (down is None):
            st.warning("Give both the width and the height of a die; until then its size is assumed.")
        try:
            options = ReadOptions(
                lot=lot.strip() or None,
                product=product.strip(),
                notch=notch or Notch.DOWN,
                overlay=overlay.strip(),
                diameter_mm=diameter,
                die_pitch_mm=(down, across) if down and across else None,
                pass_values=passing,
                fail_values=failing,
                threshold=threshold,
                failing_tone=tone,
            )
        except SettingError as error:
            st.error(f"{literal(error)} Until then the files are read without options.")
            options = ReadOptions()
        if options.threshold is not None:
            _preview(sorted(files, key=lambda file: file.short_id not in chosen), options)
    return ReadingPlan(with_rules(options, settings()), tta)


def _names(places: Sequence[DeltaGenerator]) -> tuple[str, str, Notch | None, str]:
    """Ask for product, lot, notch and map in the first, second, third and last of five places."""
    product = places[0].text_input(
        "Product", key="read_product", bind="query-params", help="Of wafers whose file names no product."
    )
    lot = places[1].text_input(
        "Lot",
        key="read_lot",
        bind="query-params",
        help="Of wafers whose file names no lot. Left empty, the lot is taken from the file's name.",
    )
    notch = places[2].selectbox(
        "Notch",
        list(Notch),
        format_func=str.capitalize,
        key="read_notch",
        bind="query-params",
        help="Where the notch points on the map, where the file does not say.",
    )
    overlay = places[4].text_input(
        "Map",
        key="read_overlay",
        bind="query-params",
        placeholder="the first",
        help="Which map to take of a file that holds several: hard or soft for the bins of STDF, the name of a map "
        "for SEMI E142. Left empty: hard bins, and the first map.",
    )
    return product, lot, notch, overlay


def map_choice(wafer: WaferMap) -> None:
    """Let a person choose among the maps that the wafer's file holds; nothing where it holds one."""
    names, shown = wafer.attributes.get(MAPS, "").split(", "), wafer.attributes.get(MAP, "")
    if len(names) < 2 or shown not in names:
        return
    key = f"map-choice-{shown}"  # another map is another widget, so that it always stands on the map shown
    st.segmented_control(
        "Map",
        names,
        default=shown,
        required=True,
        key=key,
        format_func=lambda name: MAP_WORDS.get(name) or literal(name),
        help="The file holds several maps of this wafer. The chosen one is shown, analysed and saved, here and for all "
        "files handed in.",
        on_change=lambda: set_widget("read_overlay", widget_text(key)),
    )


def _switches() -> tuple[float | None, Literal["bright", "dark"], bool]:
    """Ask how images of continuous tone are parted, and for test-time augmentation."""
    places = st.columns(4, vertical_alignment="bottom")
    tone = places[0].segmented_control(
        "In grey images",
        list(TONES),
        default="bright",
        required=True,
        format_func=TONES.__getitem__,
        key="read_tone",
        bind="query-params",
        width="stretch",
        help="Of images of continuous tone, where each pixel is a die: which side of the threshold fails.",
    )
    by_hand = places[1].toggle(
        "Set the threshold",
        key="read_by_hand",
        bind="query-params",
        help="Images of continuous tone are parted into passing and failing by Otsu's method. Switch this on to move "
        "the threshold yourself; then every image is read as continuous tone.",
    )
    threshold = 0.5
    if by_hand:
        threshold = places[2].slider(
            "Threshold",
            0.0,
            1.0,
            0.5,
            0.01,
            key="read_threshold",
            bind="query-params",
            help="From 0 (black) to 1 (white).",
        )
    tta = places[3].toggle(
        "Test-time augmentation",
        key="read_tta",
        bind="query-params",
        help=TTA_HELP,
    )
    return threshold if by_hand else None, tone, tta


def _preview(files: Sequence[UploadedFile], options: ReadOptions) -> None:
    """Show the first image beside what the threshold makes of it."""
    theme = current_theme()
    previews = (tone_pictures(file.sha256, options, file.name, file.content, theme) for file in files)
    shown = next((preview for preview in previews if preview), None)
    if shown is None:
        st.caption("Hand in an image to see what the threshold does.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.image(shown.image_png, width=180, alt="The image")
        st.image(shown.dies_png, width=180, alt="Its failing dies at this threshold")
        st.caption(f"{shown.failing_share:.1%} of the dies fail at this threshold.")


def _length(place: DeltaGenerator, label: str, key: str, help: str) -> float | None:
    length: float | None = place.number_input(
        label,
        min_value=0.001,
        value=None,
        format="%.3f",
        placeholder="unknown",
        key=key,
        bind="query-params",
        help=help,
    )
    return length


def _values(place: DeltaGenerator, label: str, key: str) -> tuple[Value, ...]:
    text = place.text_input(
        label,
        key=key,
        bind="query-params",
        placeholder="1, 2 or #00ff00",
        help="Bin numbers, grey levels or colours, parted by commas. Left empty, the usual meanings hold: bins 0 and 1 "
        "pass in tables, the most common colour passes in images.",
    )
    words = [word for word in re.split(r"[\s,;]+", text) if word]
    wrong = [word for word in words if not VALUE.fullmatch(word)]
    if wrong:
        place.error(f"Not a whole number or a colour like #00ff00: {literal(', '.join(wrong))}.")
    return tuple(int(word) if not word.startswith("#") else word for word in words if word not in wrong)
