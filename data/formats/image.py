"""Pictures of wafer maps: decoding PNG, JPEG and TIFF within bounds, and the way from pixels to dies."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from data.errors import FormatError
from data.formats.image_fit import Reading
from data.formats.image_map import read_map
from data.formats.image_overlay import read_overlay
from data.formats.image_tone import read_tone
from data.formats.image_values import Picture, composited, few_values, thinned
from data.formats.metadata import ATTRIBUTE, grid_shape, key_of, parse_pairs
from data.formats.options import MIB, ReadFailure, ReadOptions
from data.formats.own_exports import KIND, MARK
from data.formats.source import Source, build_wafer
from data.wafer import MAX_GRID, WaferMap

METADATA_KEY = MARK
TIFF_PREFIX = "waferscope "
_GREY_MODES = ("L", "I", "I;16", "I;16L", "I;16B", "F")
_TESTED_AT = (("tested_at", ""),)
_FULL_16 = 65535.0
_DEEP = 8
"""Times fewer pixels that a picture of more than 16 bits may have: each takes 8 bytes, in several copies."""
_MASK_KEYS = {"meaning", "classes", "model"}
_MAX_NAME, _MAX_TEXT, _MAX_METADATA = 100, 4096, MIB
_MOST_WALKED = 500
"""Pages that are decoded by Pillow, which walks through all that come before each."""
_TIFF_COMPRESSIONS = (
    tifffile.COMPRESSION.NONE,
    tifffile.COMPRESSION.ADOBE_DEFLATE,
    tifffile.COMPRESSION.DEFLATE,
    tifffile.COMPRESSION.PACKBITS,
)
_TIFF_PHOTOMETRICS = (
    tifffile.PHOTOMETRIC.MINISBLACK,
    tifffile.PHOTOMETRIC.MINISWHITE,
    tifffile.PHOTOMETRIC.PALETTE,
    tifffile.PHOTOMETRIC.RGB,
)


def read_png(source: Source, options: ReadOptions) -> Iterator[WaferMap]:
    """Read the wafer that a PNG shows; raises FormatError for a picture that is none."""
    yield _wafer(source, options, _decode(source, options, "PNG"))


def read_jpeg(source: Source, options: ReadOptions) -> Iterator[WaferMap]:
    """Read the wafer that a JPEG shows; raises FormatError for a picture that is none."""
    yield _wafer(source, options, replace(_decode(source, options, "JPEG"), lossy=True))


def read_tiff(source: Source, options: ReadOptions) -> Iterator[WaferMap | ReadFailure]:
    """Read the wafers that the pages of a TIFF show; a page that is none becomes a failure of its own."""
    with tifffile.TiffFile(source.stream) as tiff:
        count = len(tiff.pages)
        if not 0 < count <= options.max_members:
            found = f"expected 1 to {options.max_members} pages, found {count}"
            raise FormatError(source.name, found, "Export it again, or split it.")
        for number, page in enumerate(tiff.pages, 1):
            try:
                picture = _decode_page(page.aspage(), source, options)
                if picture is None:
                    if number > _MOST_WALKED:
                        said = f"page {number} is packed in a way that is read up to page {_MOST_WALKED}"
                        raise FormatError(
                            source.name, said, "Save the pages unpacked or by Deflate, or split the file."
                        )
                    picture = _decode(source, options, "TIFF", number - 1)
                yield _wafer(source, options, picture, number, count)
            except FormatError as error:
                yield ReadFailure(source.name, str(error))


def _wafer(source: Source, options: ReadOptions, picture: Picture, number: int = 1, count: int = 1) -> WaferMap:
    where = source.name if count == 1 else f"{source.name} page {number} of {count}"
    pairs, ours = _metadata(picture.pairs, where)
    reading = read_overlay(picture, pairs, where) if ours else None
    if reading is None:
        reading = _reading(picture, options, where, grid_shape(pairs), ours=ours)
    exported_as = pairs.get(KIND, "") if ours else ""
    wafer = build_wafer(
        source,
        options,
        reading.dies,
        bins=reading.bins,
        pairs=pairs,
        number=number,
        count=count,
        exported_as=exported_as,
    )
    return replace(wafer, remarks=(*wafer.remarks, *reading.remarks)) if reading.remarks else wafer


def _reading(
    picture: Picture, options: ReadOptions, where: str, shape: tuple[int, int] | None, *, ours: bool
) -> Reading:
    fewer = thinned(picture)
    if fewer is None and max(picture.pixels.shape[:2]) > MAX_GRID:
        size = f"{picture.pixels.shape[0]} x {picture.pixels.shape[1]}"
        raise FormatError(
            where, f"expected at most {MAX_GRID} dies a side, found details as fine as pixels in {size}", "Shrink it."
        )
    levels = None if options.threshold is not None else few_values(fewer or picture)
    if levels is not None:
        return read_map(levels, options, where, ours=ours, shape=shape)
    return read_tone(picture, options, where)


def _metadata(pairs: Mapping[str, str], where: str) -> tuple[dict[str, str], bool]:
    """What the texts beside a picture say, and whether Waferscope wrote them; very long names are none."""
    if pairs.keys() >= _MASK_KEYS:
        found = f"expected a wafer map, found masks of defect classes of {pairs.get('wafer', 'a wafer'):.80}"
        raise FormatError(where, found, "Import the wafer itself.")
    if METADATA_KEY in pairs:
        if len(pairs[METADATA_KEY]) > _MAX_METADATA:
            found = f"its metadata has {len(pairs[METADATA_KEY])} characters, the limit is {_MAX_METADATA}"
            raise FormatError(where, found, "Export the file again.")
        own = parse_pairs(pairs[METADATA_KEY], where)
        return {name: text for name, text in own.items() if name.startswith(ATTRIBUTE) or len(name) <= _MAX_NAME}, True
    short = {name: text for name, text in pairs.items() if len(name) <= _MAX_NAME and len(text) <= _MAX_TEXT}
    # other programs' dates are those of the picture, not of the test
    return {name: text for name, text in short.items() if key_of(name) not in _TESTED_AT}, False


def _decode(source: Source, options: ReadOptions, kind: str, page: int = 0) -> Picture:
    """Decode by Pillow; the decoder is named, so content cannot choose another one."""
    source.stream.seek(0)
    with warnings.catch_warnings(), _pillow_limit(source.name):
        warnings.simplefilter("ignore")  # the limit that holds is the caller's; damage ends in an error of its own
        with Image.open(source.stream, formats=[kind]) as image:
            image.seek(page)
            _check_pixels(image.width * image.height, source.name, options, deep=image.mode in ("I", "F"))
            image.load()
            pairs = {str(key): str(text) for key, text in getattr(image, "text", {}).items()}
            return replace(_picture_of(image), pairs=pairs)


@contextmanager
def _pillow_limit(where: str) -> Iterator[None]:
    """Pillow refuses the very largest pictures before it tells their size."""
    try:
        yield
    except Image.DecompressionBombError as error:
        raise FormatError(where, f"the picture is too large ({error})".rstrip("."), "Shrink it.") from error


def _picture_of(image: Image.Image) -> Picture:
    if image.mode == "P":
        image.apply_transparency()
        colors = np.zeros((256, 4), dtype=np.uint8)
        entries = np.asarray(image.getpalette("RGBA"), dtype=np.uint8).reshape(-1, 4)
        colors[: len(entries)] = entries
        return Picture(np.asarray(image), palette=composited(colors))
    if image.mode == "1":
        return Picture(np.asarray(image.convert("L")))
    if image.mode in _GREY_MODES and "transparency" not in image.info:
        return grey_picture(np.asarray(image))
    return Picture(composited(np.asarray(image if image.mode == "RGBA" else image.convert("RGBA"))))


def _decode_page(page: tifffile.TiffPage, source: Source, options: ReadOptions) -> Picture | None:
    """Decode by tifffile, which keeps 16 bits in every layout; None where only Pillow knows the compression."""
    deep = page.dtype is not None and page.dtype.kind != "b" and page.dtype not in (np.uint8, np.uint16)
    _check_pixels(page.imagewidth * page.imagelength, source.name, options, deep=deep)
    if page.compression not in _TIFF_COMPRESSIONS or page.photometric not in _TIFF_PHOTOMETRICS:
        return None
    if page.axes not in ("YX", "YXS", "SYX") or page.size > 4 * options.max_pixels:
        raise FormatError(
            source.name, f"expected a flat picture, found axes {page.axes} of {page.shape}", "Export it as 2-D."
        )
    pixels = np.moveaxis(page.asarray(), 0, -1) if page.axes == "SYX" else page.asarray()
    pairs = {METADATA_KEY: page.description[len(TIFF_PREFIX) :]} if page.description.startswith(TIFF_PREFIX) else {}
    if page.photometric == tifffile.PHOTOMETRIC.RGB:
        bytes_only = pixels if pixels.dtype == np.uint8 else (grey_picture(pixels).pixels >> 8).astype(np.uint8)
        opacity = (
            bytes_only[..., 3:4]
            if page.extrasamples and page.samplesperpixel == 4
            else np.full_like(bytes_only[..., :1], 255)
        )
        return Picture(composited(np.concatenate([bytes_only[..., :3], opacity], axis=-1)), pairs=pairs)
    if pixels.ndim == 3:
        pixels = pixels[..., 0]
    if page.photometric == tifffile.PHOTOMETRIC.PALETTE:
        colors = (np.asarray(page.colormap) >> 8).astype(np.uint8).T
        return Picture(pixels, palette=np.concatenate([colors, np.full_like(colors[:, :1], 255)], axis=1), pairs=pairs)
    picture = grey_picture(pixels)
    if page.photometric == tifffile.PHOTOMETRIC.MINISWHITE:
        picture = replace(picture, pixels=(int(picture.full_scale) - picture.pixels).astype(picture.pixels.dtype))
    return replace(picture, pairs=pairs)


def grey_picture(pixels: NDArray[Any]) -> Picture:
    """Bring grey values of any type to whole numbers: as they are where they are whole, else stretched to 16 bits."""
    if pixels.dtype == np.bool_:
        return Picture(pixels.astype(np.uint8) * np.uint8(255))
    if pixels.dtype == np.uint8:
        return Picture(pixels)
    if pixels.dtype.kind == "u" and pixels.dtype.itemsize == 2:
        return Picture(pixels.astype(np.uint16), full_scale=_FULL_16)
    values = np.nan_to_num(pixels.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    if low >= 0 and high <= _FULL_16 and np.array_equal(values, np.rint(values)):
        return Picture(values.astype(np.uint16), full_scale=_FULL_16)
    if low < 0 or high > 1:
        values = (values - low) / max(high - low, 1e-300)
    return Picture(np.rint(values * _FULL_16).astype(np.uint16), full_scale=_FULL_16)


def _check_pixels(pixels: int, where: str, options: ReadOptions, *, deep: bool) -> None:
    most = options.max_pixels // (_DEEP if deep else 1)
    if pixels > most:
        what = "Mi pixels of 32 bits or more" if deep else "Mi pixels"
        problem = f"the picture has {pixels / MIB:.0f} {what}, the limit is {most / MIB:.0f}"
        raise FormatError(where, problem, "Shrink it.")
    if pixels <= 0:
        raise FormatError(where, "the picture has no pixels", "Export it again.")
