"""How the network learns: one Lightning module, its schedule, the averaged weights, and what each epoch measures."""

import copy
from dataclasses import dataclass
from typing import cast

import lightning
import torch
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from data.classes import CLASS_KEYS
from models.batches import Batch
from models.losses import LossConfig, pooled_presence, training_loss
from models.unet import NetworkConfig, WaferUNet


@dataclass(frozen=True)
class ScheduleConfig:
    """AdamW with warm-up, a flat stretch, and a linear fall to zero.

    Args:
        rate: learning rate on the flat stretch.
        decay: AdamW's weight decay.
        warmup: steps of warm-up.
        steps: steps in all.
        fall_from: share of the steps after which the rate falls.
        average: decay of the weights' moving average.
    """

    rate: float = 1.5e-3
    decay: float = 0.01
    warmup: int = 200
    steps: int = 6000
    fall_from: float = 0.5
    average: float = 0.998

    def factor(self, step: int) -> float:
        """Give the share of `rate` at a step."""
        fall = self.fall_from * self.steps
        falling = 1.0 if step < fall else max(0.0, (self.steps - step) / max(1.0, self.steps - fall))
        return min(1.0, (step + 1) / max(1, self.warmup)) * falling


class Learner(lightning.LightningModule):
    """Trains a WaferUNet on mixed batches and keeps a moving average of its weights, which is what gets shipped."""

    def __init__(self, network: NetworkConfig, loss: LossConfig, schedule: ScheduleConfig) -> None:
        super().__init__()
        self.network = WaferUNet(network).to(memory_format=torch.channels_last)
        self.average = AveragedModel(
            self.network,
            multi_avg_fn=get_ema_multi_avg_fn(schedule.average),  # type: ignore[no-untyped-call]
            use_buffers=True,
        )
        # No loss reaches the average: several processes would wait for its gradients.
        self.average.requires_grad_(False)
        self.loss_config, self.schedule = loss, schedule
        self.counts: dict[str, Tensor] = {}

    @property
    def averaged(self) -> WaferUNet:
        """The network with the averaged weights."""
        return cast(WaferUNet, self.average.module)

    def training_step(self, batch: Batch, _index: int) -> Tensor:
        """Take one step's loss."""
        wafer = batch["wafer"].to(memory_format=torch.channels_last)
        terms = training_loss(
            self.network(wafer), wafer[:, :1], batch["masks"], batch["has_masks"], batch["presence"], self.loss_config
        )
        self.log_dict({f"train/{name}": value for name, value in terms.items()}, on_step=True)
        return terms["loss"]

    def on_train_batch_end(self, *_: object) -> None:
        """Let the average follow; early on, follow closely."""
        if self.global_step < self.schedule.warmup:
            self.average.module.load_state_dict(copy.deepcopy(self.network.state_dict()))
        else:
            self.average.update_parameters(self.network)

    def on_validation_epoch_start(self) -> None:
        """Start counting."""
        classes = len(CLASS_KEYS)
        self.counts = {
            name: torch.zeros(classes) for name in ("shared", "either", "right", "said", "there", "false", "none")
        }

    def validation_step(self, batch: Batch, _index: int) -> None:
        """Count over failing pixels with the averaged weights, threshold 0.5."""
        wafer, counts = batch["wafer"].to(memory_format=torch.channels_last), self.counts
        logits, where = self.average(wafer).float().cpu(), wafer[:, :1].cpu()
        drawn = batch["has_masks"].cpu()
        dies, truth = where[drawn], batch["masks"].cpu()[drawn]
        said = (logits[drawn] > 0).float()
        counts["shared"] += (dies * said * truth).sum(dim=(0, 2, 3))
        counts["either"] += (dies * torch.maximum(said, truth)).sum(dim=(0, 2, 3))
        real = ~drawn
        if real.any():
            present, label = pooled_presence(logits, where)[real] > 0, batch["presence"].cpu()[real]
            counts["right"] += (present & (label == 1)).sum(dim=0)
            counts["said"] += (present & ~torch.isnan(label)).sum(dim=0)
            counts["there"] += (label == 1).sum(dim=0)
            none = (label == 0).all(dim=1)
            counts["false"] += present[none].any(dim=1).sum()
            counts["none"] += none.sum()

    def on_validation_epoch_end(self) -> None:
        """Divide last: IoU over failing pixels a class, F1 of presence, false alarms."""
        counts = self.counts
        iou = counts["shared"] / counts["either"]
        f1 = 2 * counts["right"] / (counts["said"] + counts["there"])
        labelled = counts["there"] > 0
        measures = {f"iou/{key}": value for key, value in zip(CLASS_KEYS, iou, strict=True)}
        measures |= {f"f1/{key}": f1[k] for k, key in enumerate(CLASS_KEYS) if labelled[k]}
        measures["iou/mean"] = iou.nanmean()
        score = iou.nanmean()
        if labelled.any():
            measures["f1/macro"] = f1[labelled].mean()
            measures["false_alarms"] = (counts["false"] / counts["none"])[0]
            score = (score + measures["f1/macro"]) / 2
        measures["score"] = score
        self.log_dict(measures, sync_dist=True)

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """AdamW and the schedule."""
        optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=self.schedule.rate, weight_decay=self.schedule.decay
        )
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, self.schedule.factor)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}
