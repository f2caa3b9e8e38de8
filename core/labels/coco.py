"""Labels as COCO JSON and back: outlines that hold exactly the dies, or run lengths; categories 0 to 8."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray

from core.labels.coco_images import cell_px, possible_keys, shown, size_of
from core.labels.coco_masks import failing_dies_within
from core.labels.label import Label, LabelInstance, Labelled
from core.labels.run_lengths import coco_run_lengths
from data.classes import CLASS_KEYS, CLASSES
from data.counting_words import counted
from data.errors import FormatError
from data.formats.own_exports import KIND, MARK
from data.wafer import WaferMap

Form = Literal["polygon", "rle"]
_CLASS_OF = {word.casefold(): c.key for c in CLASSES for word in (c.name, c.key)}


@dataclass(frozen=True, eq=False)
class Imported:
    """What came out of a COCO file.

    Args:
        labels: one an image whose wafer is known and about which the file says something.
        problems: a sentence for each image or annotation that could not be used, or only with doubt.
        unannotated: images of known wafers about which the file says nothing.
    """

    labels: tuple[Label, ...]
    problems: tuple[str, ...]
    unannotated: int = 0


def categories() -> list[dict[str, Any]]:
    """The categories: background 0, then the classes from 1 in the order of their table."""
    defects = [{"id": k, "name": c.key, "supercategory": "defect"} for k, c in enumerate(CLASSES, start=1)]
    return [{"id": 0, "name": "background", "supercategory": "none"}, *defects]


def file_name_of(wafer: WaferMap) -> str:
    """Name an image by lot and wafer."""
    return f"{wafer.lot_id}_{wafer.wafer_id}.png"


def coco_json(
    labelled: Iterable[Labelled], form: Form = "polygon", name_of: Callable[[WaferMap], str] = file_name_of
) -> str:
    """Write labels as COCO JSON; what is rejected in a label is left out.

    An image is the die grid with every die drawn as a square of a whole number of pixels, 300 at the longest side or a
    little less (a pixel a die where there are more dies). A mask that is drawn from its polygons or run lengths holds
    exactly the pixels of the instance's dies.

    Args:
        labelled: any number.
        form: how masks are written; an instance with holes is parted into pieces without.
        name_of: gives the file name of each image; it is called once an image, in order.

    Example:
        >>> len(json.loads(coco_json([]))["categories"])
        9
    """
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for one in labelled:
        image = len(images) + 1
        images.append(_image(one, image, name_of(one.wafer)))
        for instance in one.label.kept:
            annotations.append(_annotation(one, instance, image, len(annotations) + 1, form))
    return json.dumps(
        {MARK: {KIND: "labels"}, "images": images, "annotations": annotations, "categories": categories()},
        allow_nan=False,
    )


def _image(one: Labelled, number: int, file_name: str) -> dict[str, Any]:
    wafer, cell = one.wafer, cell_px(one.wafer.dies.shape)
    rows, columns = wafer.dies.shape
    return {
        "id": number,
        "file_name": file_name,
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
    mask = np.zeros(shape, dtype=bool)
    mask[instance.dies[:, 0], instance.dies[:, 1]] = True
    return coco_run_lengths(np.kron(mask, np.ones((cell, cell), dtype=bool)))


def read_coco(
    text: str, wafers: Mapping[str, WaferMap], name: str = "COCO file", *, unannotated_clean: bool = False
) -> Imported:
    """Read labels from COCO JSON, of any tool; a file of ours comes back with the same dies.

    An image belongs to the wafer that its `lot_id` and `wafer_id` name, else its file name LOT_WAFER. A die is in a
    mask when it fails and the mask holds its middle; where an annotation has a box alone, the failing dies in the box
    are taken, and that is said. An image without annotations says "no defect" where its `no_defect` is true, or where
    the caller says that all such images do.

    Args:
        text: the file.
        wafers: by key, those that may be labelled.
        name: of the file, for messages.
        unannotated_clean: whoever gives the file says that images without annotations show no defect.

    Raises:
        FormatError: it is no COCO JSON.
    """
    found = _parsed(text, name)
    classes = {_id(one.get("id")): str(one.get("name") or "") for one in found["categories"]}
    images = {_id(image.get("id")): image for image in found["images"]}
    by_image: dict[str, list[Mapping[str, Any]]] = {number: [] for number in images}
    for annotation in found["annotations"]:
        by_image.setdefault(_id(annotation.get("image_id")), []).append(annotation)
    labels: list[Label] = []
    problems = [
        f"{name}: {counted(len(rows), 'annotation')} of image {n:.40} cannot be placed: the file lists no such image."
        for n, rows in by_image.items()
        if n not in images
    ]
    unannotated = 0
    for number, image in images.items():
        wafer = next((wafers[key] for key in possible_keys(image) if key in wafers), None)
        if wafer is None:
            called = shown(image.get("file_name", number))
            problems.append(
                f"{name}: no wafer of the lake fits image {called}. Name its file LOT_WAFER, or take the wafer in "
                "first."
            )
            continue
        clean = image.get("no_defect") is True or (unannotated_clean and image.get("no_defect") is None)
        if not by_image[number] and not clean:
            unannotated += 1
            continue
        instances = tuple(_instances(by_image[number], image, wafer, classes, name, problems))
        labels.append(Label(wafer.key, wafer.dies.shape, instances, no_defect=not by_image[number]))
    return Imported(tuple(labels), tuple(problems), unannotated)


def image_keys(text: str) -> list[str]:
    """Keys that the images of a COCO file may belong to, to be looked up in the lake; none where it cannot be read."""
    try:
        images = _parsed(text, "")["images"]
    except FormatError:
        return []
    return list(dict.fromkeys(key for image in images for key in possible_keys(image)))


def images_of(text: str) -> Sequence[Mapping[str, Any]]:
    """Return the images that a COCO file lists; none where it cannot be read."""
    try:
        return _parsed(text, "")["images"]
    except FormatError:
        return []


def _parsed(text: str, name: str) -> dict[str, list[Mapping[str, Any]]]:
    """Parse a COCO file as far as its three lists.

    Raises:
        FormatError: one of them is missing, or holds anything but objects.
    """
    remedy = "Give images, annotations, categories."
    try:
        found = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise FormatError(name, f"it is no COCO JSON: {_not_json(error)}", remedy) from error
    for part in ("images", "annotations", "categories"):
        rows = found.get(part) if isinstance(found, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise FormatError(name, f"it is no COCO JSON: it has no list of {part}", remedy)
    return {part: found[part] for part in ("images", "annotations", "categories")}


def _not_json(error: Exception) -> str:
    """Return where and why a text is no JSON, in words."""
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno}, column {error.colno} cannot be read as JSON"
    return "its lists lie in one another too deeply" if isinstance(error, RecursionError) else "a number is too long"


def _id(number: object) -> str:
    """Write an id as text: tools write 7, 7.0 and "7" for the same.

    Example:
        >>> _id(7), _id("7"), _id(7.0)
        ('7', '7', '7')
    """
    return str(int(number)) if isinstance(number, float) and number.is_integer() else str(number).strip()


def _instances(
    annotations: Sequence[Mapping[str, Any]],
    image: Mapping[str, Any],
    wafer: WaferMap,
    classes: Mapping[str, str],
    name: str,
    problems: list[str],
) -> Iterable[LabelInstance]:
    """Read the annotations of one image; what there is to say about them is added to the problems."""
    number = 0
    for annotation in annotations:
        called = f" {shown(annotation['id'])}" if annotation.get("id") is not None else " without a number"
        said = f"{name}: annotation{called} of {wafer.key}"
        try:
            key = _class_key(annotation, classes)
            dies, boxed = failing_dies_within(annotation, size_of(image), wafer)
        except FormatError as error:
            problems.append(f"{said} is left out. Its {error.where}: {error.problem}. {error.remedy}.")
            continue
        if not len(dies):
            problems.append(f"{said} is left out: it holds no failing die.")
            continue
        if boxed:
            taken = counted(len(dies), "failing die in the box is", "failing dies in the box are")
            problems.append(f"{said} has a box and no outline: the {taken} taken.")
        number += 1
        yield LabelInstance(number, key, dies)


def _class_key(annotation: Mapping[str, Any], classes: Mapping[str, str]) -> str:
    number = annotation.get("category_id")
    word = classes.get(_id(number), "")
    key = _CLASS_OF.get(word.strip().casefold())
    if key is None:
        if number is None:
            raise FormatError("category", "it names none", f"Name it as one of {', '.join(CLASS_KEYS)}")
        problem = f"{shown(number)} is no defect class" + (f" (“{word:.40}”)" if word else "")
        raise FormatError("category", problem, f"Name it as one of {', '.join(CLASS_KEYS)}")
    return key
