"""Turn a training checkpoint into the file that the app serves: ONNX, INT8, thresholds, and proof that they agree."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from core.segmentation.network import SHIPPED_WEIGHTS
from jobs.command import command


@dataclass(frozen=True)
class ExportModelConfig:
    """Turn a training checkpoint into the file that the app serves."""

    checkpoint: Path  # checkpoint that jobs.train wrote
    average_with: tuple[Path, ...] = ()  # more of them, of runs that began with one another: their mean is exported
    name: str = "waferscope"  # what the app calls the model
    out: Path = SHIPPED_WEIGHTS  # ONNX file to write; its parity report lies beside it
    float32: str = ""  # where to keep the float32 ONNX too, for the benchmarks and --again; empty: nowhere
    again: bool = False  # only quantise anew what --float32 kept, with another --keep-float for example
    real: tuple[str, ...] = ()  # the .npz files that training read: their calibration part fits thresholds
    labels: str = ""  # frozen dataset whose wafers people labelled, or "now"; its validation part fits thresholds
    lake: int = 0  # wafers at most of the lake, unlabelled, that teach it to say what the model in use says
    synthetic: int = 1600  # synthetic wafers that fit temperatures and thresholds and prove parity
    described: int = 3000  # synthetic wafers that, with all real ones, teach presence and embeddings
    settled: int = 60  # batches that set the statistics of its normalisations; 0: they stay as training left them
    epochs: int = 15  # rounds over all of these that the presence head learns
    quantized: int = 48  # wafers of each working size that set INT8 ranges
    turns: int = 4  # quarter turns, then flipped ones, averaged of small wafers: steadier, and slower
    keep_float: int = 1  # convolutions at each end of the network that stay in float32
    false_alarm_weight: float = 2.0  # what a false alarm on a wafer without a pattern counts when fitting thresholds
    iou_loss_at_most: float = 0.005  # mean IoU that INT8 may lose against float32
    flips_at_most: float = 0.01  # share of wafers whose set of classes INT8 may change
    seed: int = 7  # of the synthetic wafers, not used in training


@command(ExportModelConfig, trains=True)
def main(config: ExportModelConfig) -> int:
    """Run the job.

    Returns:
        0, or 1 when the checkpoint cannot be used or the INT8 model strays too far from the float32 one.
    """
    from jobs.model_export import export

    print(json.dumps(export(config), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
