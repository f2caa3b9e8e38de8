"""How often people accept the model's proposals as they are, by person and class: such labels say what it said."""

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.labels.annotations import Annotation
from core.statistics.significance import wilson
from data.classes import CLASS_KEYS

COLUMNS = ("annotator", "class", "proposals", "unchanged", "share", "low", "high")
ALL = "all"
"""Stands for all classes together."""


def accepted_shares(session: Session) -> pd.DataFrame:
    """Return how many proposals each person was shown, and which share of them was accepted die by die.

    A label counts once, with the proposals that it began with; labels that were taken back count too, since the person
    had accepted them.

    Returns:
        COLUMNS, by annotator, all classes before each; `low` and `high` are the 95 % interval of the share, by Wilson.
    """
    counts: dict[tuple[str, str], tuple[int, int]] = {}
    wanted = select(Annotation.annotator, Annotation.proposals).where(Annotation.blind.is_(False))
    for annotator, proposals in session.execute(wanted):
        for key, (shown, same) in (proposals or {}).items():
            for name in (ALL, key):
                before = counts.get((annotator, name), (0, 0))
                counts[annotator, name] = before[0] + shown, before[1] + same
    order = [ALL, *CLASS_KEYS]
    rows = [
        (annotator, key, shown, same, same / shown, *wilson(same, shown))
        for (annotator, key), (shown, same) in sorted(
            counts.items(), key=lambda one: (one[0][0], order.index(one[0][1]))
        )
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))
