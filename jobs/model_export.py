"""A trained network as the file that the app serves: ONNX, INT8, thresholds, and proof that they agree."""

import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from core.evaluation.fitting import calibrate, calibration_report, calibration_wafers, draw_calibration, fine_shares
from core.evaluation.metrics import count, iou_over_dies, mean
from core.segmentation import Segmenter
from core.segmentation.pyramid import views
from core.settings import Settings, settings
from core.storage.folder import Folder
from core.training.config import TrainConfig
from data.classes import CLASS_COUNT, CLASS_KEYS
from data.datasets import LabelledMaps
from data.errors import ModelError
from data.pictures import Raster, raster_of
from data.synthesis import SyntheticWafer, draw_wafer
from jobs.checkpoints import read_mean
from jobs.export_model import ExportModelConfig
from jobs.learning import mix_of
from jobs.progress import ProgressLine
from jobs.teachers import teachers
from models.averaging import settle
from models.batches import WaferBatches
from models.described import describe_wafers
from models.embedding import ServedUNet
from models.export import convolutions, describe, described, export_float32, quantize
from models.presence_head import fit_presence
from models.projection import fit_projection
from models.unet import WaferUNet

NEUTRAL = {
    "die_threshold": [0.5] * CLASS_COUNT,
    "presence_threshold": [0.5] * CLASS_COUNT,
    "temperature": [1.0] * CLASS_COUNT,
    "precision": "float32",
}


def export(config: ExportModelConfig, at: Settings | None = None) -> dict[str, object]:
    """Export, calibrate, quantise and prove; the served file appears whole or not at all.

    Args:
        config: what to export and where to.
        at: where lake and labels are, None for the settings of the environment.

    Returns:
        The parity report, which also lies beside the model as `<name>.parity.json`.

    Raises:
        ModelError: the checkpoint cannot be read, or parity fails.
        FormatError, AppDatabaseError: wafers that shall teach it cannot be read.
    """
    checkpoint = read_mean(config.checkpoint, config.average_with)
    trained = checkpoint.config
    share, seed = trained.calibration_share, trained.seed
    learnt, held_out = teachers(config.real, config.labels, config.lake, share, seed, at or settings())
    drawn = draw_calibration(config.synthetic, config.seed, held_out)
    with tempfile.TemporaryDirectory() as folder:
        full, small = Path(folder) / "float32.onnx", Path(folder) / "int8.onnx"
        if config.again:
            found = _kept(config, full)
        else:
            if config.settled > 0:
                settle(checkpoint.network, _batches(learnt, trained, config))
            network = with_wafer_answers(checkpoint.network, learnt, config)
            found = {"steps": checkpoint.steps, **_written(network, full, config, trained, drawn, held_out)}
        names = convolutions(full)
        keep = names[: config.keep_float] + names[len(names) - config.keep_float :]
        quantize(full, small, range_inputs(drawn, held_out, config.quantized, raster_of(trained.encoder)), keep)
        describe(small, {**described(full), "precision": "int8"})
        report = {
            **found,
            **compare(full, small, drawn, held_out),
            "int8_megabytes": round(small.stat().st_size / 1e6, 2),
            "float32_megabytes": round(full.stat().st_size / 1e6, 2),
        }
        if config.float32 and not config.again:
            shutil.copyfile(full, config.float32)
            write_report(report, Path(config.float32))
        _refuse(report, config)
        _publish(small, report, config.out)
    return report


def _written(
    network: ServedUNet,
    full: Path,
    config: ExportModelConfig,
    trained: TrainConfig,
    drawn: Sequence[SyntheticWafer],
    held_out: LabelledMaps | None,
) -> dict[str, object]:
    """Write the float32 file with all that is fitted to it, and say what that is."""
    about = {
        "name": config.name,
        "encoder": trained.encoder,
        "depth": trained.depth,
        "decoder_channels": list(trained.decoder_channels),
        "classes": list(CLASS_KEYS),
        "raster": raster_of(trained.encoder).name,
        "turns": config.turns,
    }
    difference = export_float32(network, full)
    shares = fine_shares(_believing(full, about, 1.0), _believing(full, about, 0.0), drawn)
    about["fine_share"] = shares
    describe(full, {**about, **NEUTRAL})
    neutral = Segmenter.load(str(full))
    found = neutral.segment(calibration_wafers(drawn, held_out))
    tuned = calibrate(found, drawn, held_out, config.false_alarm_weight, judges=neutral.judges)
    describe(full, {**about, **NEUTRAL, **tuned})
    errors = calibration_report(found[: len(drawn)], drawn)
    return {"torch_to_onnx_largest_logit_difference": difference, "fine_share": shares, **tuned, **errors}


def _batches(learnt: LabelledMaps | None, trained: TrainConfig, config: ExportModelConfig) -> Iterator[torch.Tensor]:
    """Pictures such as the network learnt from; tells how far they are used up."""
    batches = WaferBatches(learnt, replace(mix_of(trained), unlabelled_share=0.0), config.seed)
    seen = 0
    with ProgressLine("settled on") as line:
        for number in range(config.settled):
            yield (wafers := batches.batch(number)["wafer"])
            seen += len(wafers)
            line.update(seen, (number + 1) / config.settled)


def _kept(config: ExportModelConfig, full: Path) -> dict[str, object]:
    """Take the float32 file that an earlier run kept, and what it said of it."""
    try:
        shutil.copyfile(config.float32, full)
        found: dict[str, object] = json.loads(report_path(Path(config.float32)).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(
            config.float32 or "--float32",
            f"the float32 file or its report cannot be read ({error})",
            "Export once with --float32 FILE and without --again; later runs with the same FILE quantise it anew.",
        ) from error
    return found


def _believing(model: Path, about: dict[str, object], share: float) -> Segmenter:
    """The model with one weight of the fine look for all classes, before calibration."""
    describe(model, {**about, **NEUTRAL, "fine_share": [share] * CLASS_COUNT})
    return Segmenter.load(str(model))


def with_wafer_answers(network: WaferUNet, learnt: LabelledMaps | None, config: ExportModelConfig) -> ServedUNet:
    """Teach what is said of a wafer as a whole, on wafers that trained the network and new synthetic ones."""
    rng = np.random.default_rng(config.seed + 1)
    drawn = [draw_wafer(rng) for _ in range(config.described)]
    wafers = [s.wafer.dies for s in drawn]
    presence = np.stack([s.masks.any(axis=(1, 2)).astype(np.float32) for s in drawn])
    sources = ["synthetic"] * len(drawn)
    if learnt is not None:
        wafers += learnt.maps
        presence = np.concatenate([presence, learnt.presence])
        sources += [name.split(":")[0] for name in learnt.names]
    with ProgressLine("described", len(wafers)) as line:
        found = describe_wafers(network, wafers, rng, lambda share: line.update(round(share * len(wafers))))
    classes = [str(row.tolist()) for row in presence]
    projection = fit_projection(found.rows, found.views, found.of, [classes[i] for i in found.wafer])
    wafer = np.concatenate([found.wafer, found.wafer[found.of]])
    # Wafers of a source count alike: probabilities then mean shares in each, and one threshold does for all.
    _, source, count = np.unique(sources, return_inverse=True, return_counts=True)
    head = fit_presence(
        torch.from_numpy(np.concatenate([found.rows, found.views])),
        torch.from_numpy(presence[wafer]),
        torch.from_numpy(1 / np.sqrt(count[source[wafer]])),
        config.epochs,
        config.seed,
    )
    return ServedUNet(network, head, projection)


def range_inputs(
    drawn: Sequence[SyntheticWafer], held_out: LabelledMaps | None, most: int, raster: Raster
) -> list[NDArray[np.float32]]:
    """Return a spread of wafers for INT8 ranges: up to `most` of each working size, real ones among them."""
    grids = [s.wafer.dies for s in drawn] + (held_out.maps if held_out is not None else [])
    looks = [view for dies in grids for view in views(dies, raster)]
    batches = []
    for size in raster.sizes:
        chosen = [view for view in looks if view.size == size]
        chosen = chosen[:: max(1, len(chosen) // most)][: max(2, most * raster.sizes[0] // size)]
        batches += [raster.draw(view.planes, size)[None] for view in chosen]
    return batches


def compare(
    full: Path, small: Path, drawn: Sequence[SyntheticWafer], held_out: LabelledMaps | None
) -> dict[str, float | int]:
    """Measure INT8 against float32: IoU over dies on synthetic wafers, flipped sets of classes and cosines on all."""
    wafers = calibration_wafers(drawn, held_out)
    found = {path: Segmenter.load(str(path)).segment(wafers) for path in (full, small)}
    flips = [a.classes_present != b.classes_present for a, b in zip(found[full], found[small], strict=True)]
    embedded = [np.array([s.embedding for s in found[path]]) for path in (full, small)]
    iou = {path: _mean_iou(drawn, [s.masks for s in found[path][: len(drawn)]]) for path in found}
    return {
        "wafers": len(wafers),
        "float32_mean_iou_over_dies": round(iou[full], 4),
        "int8_mean_iou_over_dies": round(iou[small], 4),
        "flipped_share": round(float(np.mean(flips)), 4),
        "embedding_mean_cosine": round(float((embedded[0] * embedded[1]).sum(axis=1).mean()), 4),
    }


def _mean_iou(drawn: Sequence[SyntheticWafer], masks: Sequence[NDArray[np.bool_]]) -> float:
    return mean(iou_over_dies(count([s.masks for s in drawn], masks)))


def _refuse(report: dict[str, object], config: ExportModelConfig) -> None:
    lost = float(str(report["float32_mean_iou_over_dies"])) - float(str(report["int8_mean_iou_over_dies"]))
    flipped = float(str(report["flipped_share"]))
    if lost > config.iou_loss_at_most or flipped > config.flips_at_most:
        raise ModelError(
            str(config.out),
            f"INT8 loses {lost:.4f} of mean IoU (at most {config.iou_loss_at_most}) and changes the classes of "
            f"{flipped:.2%} of wafers (at most {config.flips_at_most:.2%})",
            "Keep more layers in float32 with --keep-float, or train longer. Nothing was written.",
        )


def _publish(model: Path, report: dict[str, object], out: Path) -> None:
    """Put model and report in place, each whole."""
    with Folder(out.parent).new_file(out.name) as path:
        shutil.copyfile(model, path)
        write_report(report, out)


def report_path(model: Path) -> Path:
    """Where the parity report of a model file lies."""
    return model.with_name(f"{model.stem}.parity.json")


def write_report(report: dict[str, object], model: Path) -> None:
    """Put the report beside its model, whole."""
    path = report_path(model)
    Folder(path.parent).write_text(path.name, json.dumps(report, indent=1) + "\n")
