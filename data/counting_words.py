"""Numbers with the word they count, in the form that the number asks for."""


def counted(number: int, one: str, many: str = "") -> str:
    """Write how many of something there are.

    Args:
        number: how many.
        one: the word for one.
        many: the word for none and for several, "" for the one with an s.

    Example:
        >>> counted(1, "die", "dies"), counted(2400, "wafer"), counted(0, "label")
        ('1 die', '2,400 wafers', '0 labels')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"
