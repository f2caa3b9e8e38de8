"""What a lake has lost, in sentences: damaged parts, and wafers and results that are left out with them."""

from dataclasses import dataclass, field

from core.lake.completeness import Losses
from core.lake.part_faults import Damage
from data.counting_words import counted

NAMED = 3
REMEDY = "`python -m jobs.doctor` lists what is damaged and, with `--set-aside`, moves it out of the way"


@dataclass(frozen=True)
class LakeDamage:
    """What is left out of a lake.

    Args:
        parts: that cannot be read.
        losses: wafers and results that miss what stood in them.
    """

    parts: tuple[Damage, ...] = ()
    losses: Losses = field(default_factory=Losses)

    @property
    def sentence(self) -> str:
        """What is damaged, what that leaves out, and what to do; "" where nothing is.

        Example:
            >>> LakeDamage((Damage("dies", "0012-ab.parquet", "it is empty"),)).sentence.partition(".parquet")[0]
            '1 part of the lake is damaged and left out: dies/0012-ab'
        """
        wafers, results = len(self.losses.wafers), len(self.losses.results)
        said = []
        if self.parts:
            named = ", ".join(str(damage) for damage in self.parts[:NAMED])
            more = f" and {len(self.parts) - NAMED:,} more" if len(self.parts) > NAMED else ""
            what = "1 part of the lake is" if len(self.parts) == 1 else f"{len(self.parts):,} parts of the lake are"
            said.append(f"{what} damaged and left out: {named}{more}.")
        if wafers:
            said.append(f"{counted(wafers, 'wafer is', 'wafers are')} left out, since the dies are lost.")
        if results:
            said.append(
                f"{counted(results, 'wafer is', 'wafers are')} shown as not segmented, since what was found is lost."
            )
        if not said:
            return ""
        return f"{' '.join(said)} All the rest is shown. {REMEDY}; take in the wafers' files again."
