"""Telling people that a batch is done, through the channels that alarms go to."""

from collections.abc import Sequence

from core.alarms.deliveries import channels
from core.alarms.sending import send
from core.batches.folder import Batch
from core.batches.notes import BatchSummary
from core.database import AppDatabase
from data.errors import BatchError

TITLE = "Waferscope batch"


def tell_done(batch: Batch, database: AppDatabase) -> dict[str, str]:
    """Notify the channels that the request names, each that was not told yet.

    Args:
        batch: that is done.
        database: hold the channels.

    Returns:
        Why telling failed by the channel's name, "" where it did not.

    Raises:
        AppDatabaseError: the database cannot be used.
    """
    request, told, summary = batch.request, batch.told, batch.summary
    if summary is None or not request.channels:
        return told
    with database.reading() as session:
        wanted = [(one.name, one.address) for one in channels(session) if one.id in request.channels]
    for name, address in wanted:
        if told.get(name) != "":
            told[name] = send(address, TITLE, message(request.title, summary))
            batch.note_told(told)
    return told


def message(title: str, summary: BatchSummary) -> str:
    """Return how a batch ended.

    Example:
        >>> message("lot7.zip", BatchSummary(25, 3, 1)).splitlines()[0]
        'lot7.zip is done: 25 wafers, 3 with a pattern; 1 gave no result.'
    """
    failed = f"; {summary.failures:,} gave no result" if summary.failures else ""
    return (
        f"{title} is done: {summary.wafers:,} wafers, {summary.with_pattern:,} with a pattern{failed}.\n"
        "Open the page Batch to download the results."
    )


def channels_named(database: AppDatabase, names: Sequence[str]) -> tuple[int, ...]:
    """Find channels by name.

    Raises:
        BatchError: there is none of a name.
    """
    with database.reading() as session:
        known = {one.name: one.id for one in channels(session)}
    missing = [name for name in names if name not in known]
    if missing:
        there = ", ".join(known) or "none"
        raise BatchError(
            f"channel {missing[0]!r}", f"there is no such channel, only {there}", "Make it on page Alarms."
        )
    return tuple(known[name] for name in names)
