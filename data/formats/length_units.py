"""Units of length, as files of the fab write them."""

_MM = {
    "m": 1000.0,
    "meter": 1000.0,
    "cm": 10.0,
    "centimeter": 10.0,
    "mm": 1.0,
    "millimeter": 1.0,
    "millimetre": 1.0,
    "um": 1e-3,
    "µm": 1e-3,
    "micron": 1e-3,
    "micrometer": 1e-3,
    "mil": 0.0254,
    "in": 25.4,
    "inch": 25.4,
}


def mm_per_unit(name: str) -> float | None:
    """Return the millimetres of a unit, its name in any case, singular or plural; None for an unknown one.

    Example:
        >>> mm_per_unit("Microns"), mm_per_unit("inches"), mm_per_unit("furlong")
        (0.001, 25.4, None)
    """
    name = name.strip().lower().replace("μ", "µ")
    return next((_MM[each] for each in (name, name.removesuffix("s"), name.removesuffix("es")) if each in _MM), None)
