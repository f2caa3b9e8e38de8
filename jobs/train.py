"""Train the segmentation network; killed or cancelled, it goes on from the last whole epoch by the same command."""

import logging
import sys

from core.settings import settings
from core.training.config import TrainConfig
from jobs.command import command
from jobs.progress import say

CANCELLED = 143  # as a shell says of a process that SIGTERM ended


@command(TrainConfig, name="train", trains=True)
def main(config: TrainConfig) -> int:
    """Run the job.

    Returns:
        0, 1 when training cannot start, 143 when it was told to end.
    """
    from lightning.pytorch.utilities.exceptions import SIGTERMException

    from jobs.training import train

    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    try:
        say(f"checkpoint: {train(config, settings())}")
    except SIGTERMException:
        say("cancelled; the checkpoint of the last whole epoch is kept, and the same command goes on from it")
        return CANCELLED
    return 0


if __name__ == "__main__":
    sys.exit(main())
