"""Labels as COCO JSON and back: outlines that hold exactly the dies, or run lengths; categories 0 to 8."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray

from core.labels.label import Label, LabelInstance, Labelled
from data.classes import CLASS_KEYS, CLASSES
from data.errors import FormatError
from data.wafer import WaferMap

SIDE_PX = 300
"""Longest side of an image, about; a die is a whole number of pixels."""

Form = Literal["polygon", "rle"]


@dataclass(frozen=True, eq=False)
class Imported:
    """What came out of a COCO file.

    Args:
        labels: one an image whose wafer is known.
        problems: a sentence for each image or annotation that could not be used.
    """

    labels: tuple[Label, ...]
    problems: tuple[str, ...]


def categories() -> list[dict[str, Any]]:
    """The categories: background 0, then the classes from 1 in the order of their table."""
    defects = [{"id": k, "name": c.key, "supercategory": "defect"} for k, c in enumerate(CLASSES, start=1)]
    return [{"id": 0, "name": "background", "supercategory": "none"}, *defects]


def coco_json(labelled: Iterable[Labelled], form: Form = "polygon") -> str:
    """Write labels as COCO JSON; what is rejected in a label is left out.

    An image is the die grid with every die drawn as a square of a whole number of pixels, 300 at the longest side or a
    little less (a pixel a die where there are more dies). A mask that is drawn from its polygons or run lengths holds
    exactly the pixels of the instance's dies.

    Args:
        labelled: any number.
        form: how masks are written; an instance with holes is parted into pieces without.

    Example:
        >>> len(json.loads(coco_json([]))["categories"])
        9
    """
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for one in labelled:
        image = len(images) + 1
        images.append(_image(one, image))
        for instance in one.label.kept:
            annotations.append(_annotation(one, instance, image, len(annotations) + 1, form))
    return json.dumps({"images": images, "annotations": annotations, "categories": categories()}, allow_nan=False)


def cell_px(shape: tuple[int, ...]) -> int:
    """Pixels a side of a die."""
    return max(1, SIDE_PX // max(shape))


def _image(one: Labelled, number: int) -> dict[str, Any]:
    wafer, cell = one.wafer, cell_px(one.wafer.dies.shape)
    rows, columns = wafer.dies.shape
    return {
        "id": number,
        "file_name": f"{wafer.lot_id}_{wafer.wafer_id}.png",
        "width": columns * cell,
        "height": rows * cell,
        "lot_id": wafer.lot_id,
        "wafer_id": wafer.wafer_id,
        "product_family": wafer.product,
        "rows": rows,
        "columns": columns,
        "no_defect": one.label.no_defect,
    }


def _annotation(one: Labelled, instance: LabelInstance, image: int, number: int, form: Form) -> dict[str, Any]:
    shape, cell = one.wafer.dies.shape, cell_px(one.wafer.dies.shape)
    first, last = instance.dies.min(axis=0), instance.dies.max(axis=0) + 1
    box = [first[1], first[0], last[1] - first[1], last[0] - first[0]]
    return {
        "id": number,
        "image_id": image,
        "category_id": CLASS_KEYS.index(instance.class_key) + 1,
        "segmentation": _polygons(instance.dies, cell) if form == "polygon" else _run_lengths(instance, shape, cell),
        "area": len(instance.dies) * cell**2,
        "bbox": [int(edge) * cell for edge in box],
        "iscrowd": 0,
        "confidence": 1.0,
        "annotator": one.annotator,
        "annotation_time_seconds": round(one.seconds, 1),
    }


def _polygons(dies: NDArray[np.intp], cell: int) -> list[list[int]]:
    """Outlines in pixels, x and y by turns; together they hold the dies and nothing else."""
    rows, columns = dies[:, 0] * cell, dies[:, 1] * cell
    area = shapely.union_all(shapely.box(columns, rows, columns + cell, rows + cell))
    found: list[list[int]] = []
    for part in shapely.get_parts(area):
        if len(part.interiors):
            found += _stripes(part)
        else:
            found.append(_flat(part))
    return found


def _stripes(part: shapely.Polygon) -> list[list[int]]:
    """A polygon with holes as polygons without: cut along the upper and lower edges of its holes."""
    cuts = sorted({y for ring in part.interiors for _, y in ring.coords} | {part.bounds[1], part.bounds[3]})
    bands = [shapely.box(part.bounds[0], top, part.bounds[2], bottom) for top, bottom in pairwise(cuts)]
    pieces = (piece for band in bands for piece in shapely.get_parts(part.intersection(band)))
    return [_flat(piece) for piece in pieces if piece.area > 0]


def _flat(part: shapely.Polygon) -> list[int]:
    corners = np.asarray(part.simplify(0).exterior.coords)[:-1]
    return [round(value) for value in corners.ravel()]


def _run_lengths(instance: LabelInstance, shape: tuple[int, ...], cell: int) -> dict[str, Any]:
    """Uncompressed COCO run lengths: by columns, beginning with what is outside."""
    mask = np.zeros(shape, dtype=bool)
    mask[instance.dies[:, 0], instance.dies[:, 1]] = True
    flat = np.kron(mask, np.ones((cell, cell), dtype=bool)).ravel(order="F")
    bounds = np.flatnonzero(np.diff(flat, prepend=False)).tolist()
    counts = np.diff([0, *bounds, flat.size]).tolist()
    return {"size": [shape[0] * cell, shape[1] * cell], "counts": counts}


def read_coco(text: str, wafers: Mapping[str, WaferMap], name: str = "COCO file") -> Imported:
    """Read labels from COCO JSON, of any tool; a file of ours comes back with the same dies.

    An image belongs to the wafer that its `lot_id` and `wafer_id` name, else its file name LOT_WAFER. A die is in a
    mask when it fails and the mask holds its middle. An image without annotations is a label that says no defect.

    Args:
        text: the file.
        wafers: by key, those that may be labelled.
        name: of the file, for messages.

    Raises:
        FormatError: it is no COCO JSON.
    """
    try:
        found = json.loads(text)
        classes = {c["id"]: c["name"] for c in found["categories"]}
        images = {image["id"]: image for image in found["images"]}
        by_image: dict[Any, list[dict[str, Any]]] = {number: [] for number in images}
        for annotation in found["annotations"]:
            by_image.setdefault(annotation["image_id"], []).append(annotation)
    except (ValueError, KeyError, TypeError) as error:
        raise FormatError(name, f"it is no COCO JSON ({error!r})", "Give images, annotations, categories.") from error
    labels: list[Label] = []
    problems = [f"{name}: annotations of image {n!r}, which is not there." for n in by_image if n not in images]
    for number, image in images.items():
        wafer = wafers.get(_key(image, wafers))
        if wafer is None:
            problems.append(f"{name}: no wafer of the lake fits image {image.get('file_name', number)!r}.")
            continue
        instances: list[LabelInstance] = []
        for annotation in by_image[number]:
            try:
                key, dies = _read(annotation, image, wafer, classes)
            except (FormatError, ValueError, KeyError, TypeError, ArithmeticError) as error:
                problems.append(f"{name}: annotation {annotation.get('id')!r} of {wafer.key}: {error}.")
                continue
            if len(dies):
                instances.append(LabelInstance(len(instances) + 1, key, dies))
            else:
                problems.append(f"{name}: annotation {annotation.get('id')!r} of {wafer.key} holds no failing die.")
        labels.append(Label(wafer.key, wafer.dies.shape, tuple(instances), no_defect=not by_image[number]))
    return Imported(tuple(labels), tuple(problems))


def image_keys(text: str) -> list[str]:
    """Keys that the images of a COCO file may belong to, to be looked up in the lake; none where it cannot be read."""
    try:
        images: Sequence[Mapping[str, Any]] = json.loads(text)["images"]
        return list(dict.fromkeys(key for image in images for key in _possible_keys(image)))
    except (ValueError, KeyError, TypeError, AttributeError):
        return []


def _key(image: Mapping[str, Any], wafers: Mapping[str, WaferMap]) -> str:
    return next((key for key in _possible_keys(image) if key in wafers), "")


def _possible_keys(image: Mapping[str, Any]) -> list[str]:
    if "lot_id" in image and "wafer_id" in image:
        return [f"{image['lot_id']}:{image['wafer_id']}"]
    stem = str(image.get("file_name", "")).rpartition("/")[2].rpartition(".")[0]
    cuts = [at for at, letter in enumerate(stem) if letter == "_"]
    return [f"{stem[:at]}:{stem[at + 1 :]}" for at in reversed(cuts)]


def _read(
    annotation: Mapping[str, Any], image: Mapping[str, Any], wafer: WaferMap, classes: Mapping[Any, str]
) -> tuple[str, NDArray[np.intp]]:
    key = classes.get(annotation["category_id"], "")
    if key not in CLASS_KEYS:
        raise FormatError("category", f"{annotation['category_id']!r} is no defect class", "Name it as a class")
    rows, columns = wafer.dies.shape
    dies = np.argwhere(wafer.failing)
    y = (dies[:, 0] + 0.5) * float(image["height"]) / rows
    x = (dies[:, 1] + 0.5) * float(image["width"]) / columns
    segmentation = annotation["segmentation"]
    if isinstance(segmentation, Mapping):
        mask = _read_run_lengths(segmentation)
        inside = mask[np.minimum(y.astype(int), mask.shape[0] - 1), np.minimum(x.astype(int), mask.shape[1] - 1)]
    else:
        rings = [np.asarray(ring, dtype=np.float64).reshape(-1, 2) for ring in segmentation]
        areas = [shapely.Polygon(ring) for ring in rings]
        if not all(area.is_valid for area in areas):
            raise FormatError("polygon", "it crosses itself", "Draw it so that no side crosses another")
        inside = np.logical_or.reduce([shapely.contains_xy(area, x, y) for area in areas])
    return key, dies[np.broadcast_to(inside, len(dies))]


def _read_run_lengths(found: Mapping[str, Any]) -> NDArray[np.bool_]:
    """Bool (height, width) of COCO run lengths, plain or compressed."""
    height, width = (int(side) for side in found["size"])
    counts = found["counts"]
    lengths = _uncompressed(counts) if isinstance(counts, str) else [int(n) for n in counts]
    if min(lengths, default=0) < 0 or sum(lengths) != height * width:
        raise FormatError("run lengths", f"they add up to {sum(lengths)}, not {height * width}", "Export them anew")
    values = np.arange(len(lengths)) % 2 == 1
    return np.repeat(values, lengths).reshape((height, width), order="F")


def _uncompressed(text: str) -> list[int]:
    """Lengths of COCO's compressed run lengths: five bits of digits a letter, differences from the third on."""
    lengths: list[int] = []
    value = shift = 0
    for letter in text.encode("ascii"):
        digits = letter - 48
        value |= (digits & 31) << shift
        shift += 5
        if not digits & 32:
            if digits & 16:
                value -= 1 << shift
            lengths.append(value + (lengths[-2] if len(lengths) > 2 else 0))
            value = shift = 0
    return lengths
