"""What fuzzing runs on every file that it makes, in a process of its own."""

from collections.abc import Sequence
from pathlib import Path


def fuzz(words: Sequence[str]) -> None:
    """Fuzz until something misbehaves or time is over; the process ends in here.

    Every other change is one of `jobs.mutations`, the rest are libFuzzer's own, guided by what the readers do.

    Args:
        words: command line of libFuzzer, with the name of the program first and the folder to begin with last.
    """
    import atheris  # type: ignore[import-untyped]

    with atheris.instrument_imports(include=["data"]):
        import data.formats  # noqa: F401  # what is imported here is watched for new ways through it

    import numpy as np

    from jobs.mutations import mutated

    begun = [path.read_bytes()[1:] for path in sorted(Path(words[-1]).iterdir())]

    def change(content: bytes, largest: int, seed: int) -> bytes:
        rng = np.random.default_rng(seed)
        if len(content) < 2 or rng.random() < 0.5:
            return bytes(atheris.Mutate(content, largest))
        other = begun[int(rng.integers(len(begun)))] if begun else b""
        return (content[:1] + mutated(content[1:], other, rng))[:largest]

    atheris.Setup(list(words), check, custom_mutator=change)
    atheris.Fuzz()


def check(content: bytes) -> None:
    """Read a file, and fail where something misbehaves.

    Args:
        content: a byte that names the suffix, then the file.

    Raises:
        AssertionError: what came out is neither a wafer nor a whole sentence about the file.
    """
    if fault := fault_of(content):
        raise AssertionError(fault)


def fault_of(content: bytes) -> str:
    """Read a file as an upload is read, within small limits; return what misbehaved, "" where nothing did.

    Args:
        content: a byte that names the suffix, then the file.

    Example:
        >>> fault_of(bytes([0]) + b"no picture")
        ''
    """
    from data.formats import ReadFailure, ReadOptions, known_suffixes, read_bytes
    from data.wafer import WaferMap

    if not content:
        return ""
    suffixes = known_suffixes()
    name = f"a{suffixes[content[0] % len(suffixes)]}"
    limits = ReadOptions(max_pixels=2**20, max_unpacked_bytes=2**24, max_file_bytes=2**24, max_table_rows=10**6)
    results = list(read_bytes(name, content[1:], options=limits))
    if not results:
        return "nothing came out"
    for result in results:
        if isinstance(result, WaferMap):
            continue
        if not isinstance(result, ReadFailure) or not (result.reason.startswith(name) and result.reason.endswith(".")):
            return f"no whole sentence: {result!r}"
    return ""
