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
from models.consistency import Consistency, ConsistencyConfig
from models.consolidation import Consolidation
from models.losses import LossConfig, extent_loss, pooled_presence, presence_loss, training_loss
from models.tuning import TuningConfig, hold_still, parameter_groups
from models.unet import NetworkConfig, WaferUNet
from models.views import follow


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
        """Return the share of `rate` at a step."""
        fall = self.fall_from * self.steps
        falling = 1.0 if step < fall else max(0.0, (self.steps - step) / max(1.0, self.steps - fall))
        return min(1.0, (step + 1) / max(1, self.warmup)) * falling


class Learner(lightning.LightningModule):
    """Trains a WaferUNet on mixed batches and keeps a moving average of its weights, which is what gets shipped.

    Args:
        network: shape of the network.
        loss: weights of the labels' terms.
        schedule: of the learning rate.
        consistency: how it learns from wafers without a label; None: it does not.
        tuning: which layers stand still, and how long.
    """

    consolidation: Consolidation | None = None
    """What holds the weights near those that do well on old wafers; set before training."""

    def __init__(
        self,
        network: NetworkConfig,
        loss: LossConfig,
        schedule: ScheduleConfig,
        consistency: ConsistencyConfig | None = None,
        tuning: TuningConfig | None = None,
    ) -> None:
        super().__init__()
        self.network = WaferUNet(network).to(memory_format=torch.channels_last)
        self.average = AveragedModel(
            self.network,
            multi_avg_fn=get_ema_multi_avg_fn(schedule.average),  # type: ignore[no-untyped-call]
            use_buffers=True,
        )
        # No loss reaches the average: several processes would wait for its gradients.
        self.average.requires_grad_(False)
        self.loss_config, self.schedule, self.tuning = loss, schedule, tuning or TuningConfig()
        self.consistency = Consistency(consistency) if consistency else None
        self.counts: dict[str, Tensor] = {}

    @property
    def averaged(self) -> WaferUNet:
        """The network with the averaged weights."""
        return cast(WaferUNet, self.average.module)

    def start_from(self, weights: dict[str, Tensor]) -> None:
        """Take over a network's weights, in the average too."""
        self.network.take(weights)
        self.averaged.load_state_dict(self.network.state_dict())

    def on_train_batch_start(self, *_: object) -> None:
        """Hold still what does not learn at this step."""
        hold_still(self.network, self.tuning, self.global_step)

    def training_step(self, batch: Batch, _index: int) -> Tensor:
        """Take one step's loss: of masks, of presence, and of wafers without a label where the batch has any."""
        wafer = batch["wafer"].to(memory_format=torch.channels_last)
        learns = self.consistency is not None and "strong" in batch
        seen = torch.cat([wafer, batch["strong"]]) if learns else wafer
        answers = self.network.answers(self.network.encode(seen))
        logits, whole = (answer.float() for answer in answers)  # half precision is too coarse for sums over a batch
        labelled, has_masks, presence = logits[: len(wafer)], batch["has_masks"], batch["presence"]
        terms = training_loss(labelled, wafer[:, :1], batch["masks"], has_masks, presence, self.loss_config)
        if self.loss_config.whole:
            asked = presence_loss(whole[: len(wafer)], presence)
            terms["loss"] = terms["loss"] + self.loss_config.whole * asked
            terms["whole"] = asked.detach()
        if self.loss_config.extent:
            known = torch.where(has_masks[:, None], torch.nan, presence)
            extent = extent_loss(labelled, wafer[:, :1], wafer[:, 1:2], known)
            terms["loss"] = terms["loss"] + self.loss_config.extent * extent
            terms["extent"] = extent.detach()
        if learns:
            found = self._unlabelled(batch, logits[len(wafer) :])
            terms["loss"] = terms["loss"] + found["unlabelled"]
            terms |= {name: value.detach() for name, value in found.items()}
        if self.consolidation is not None:
            penalty = self.consolidation.penalty(self.network)
            terms["loss"] = terms["loss"] + penalty
            terms["consolidation"] = penalty.detach()
        self.log_dict({f"train/{name}": value for name, value in terms.items()}, on_step=True)
        return terms["loss"]

    def _unlabelled(self, batch: Batch, logits: Tensor) -> dict[str, Tensor]:
        """Ask the average what it sees undisturbed, and the network to see the same disturbed."""
        assert self.consistency is not None
        weak, strong, way = batch["weak"], batch["strong"], batch["way"]
        self.average.eval()  # Lightning trains every part: dropout and the statistics of batches
        with torch.no_grad():
            taught = follow(self.average(weak.to(memory_format=torch.channels_last)), way)
        where = torch.minimum(follow(weak[:, :1], way), strong[:, :1])
        terms: dict[str, Tensor] = self.consistency(logits, taught, where, self.global_step)
        return terms

    def on_train_batch_end(self, *_: object) -> None:
        """Let the average follow; early on, follow closely."""
        if self.global_step < self.schedule.warmup:
            self.average.module.load_state_dict(copy.deepcopy(self.network.state_dict()))
        else:
            self.average.update_parameters(self.network)

    def on_validation_epoch_start(self) -> None:
        """Start counting."""
        classes = len(CLASS_KEYS)
        names = ("shared", "either", "people_shared", "people_either", "right", "said", "there", "false", "none")
        self.counts = {name: torch.zeros(classes) for name in names}

    def validation_step(self, batch: Batch, _index: int) -> None:
        """Count over failing pixels with the averaged weights, threshold 0.5."""
        wafer, counts = batch["wafer"].to(memory_format=torch.channels_last), self.counts
        logits, where = self.average(wafer).float().cpu(), wafer[:, :1].cpu()
        drawn = batch["has_masks"].cpu()
        dies, truth = where[drawn], batch["masks"].cpu()[drawn]
        said = (logits[drawn] > 0).float()
        whose = "people_" if "people" in batch else ""
        counts[f"{whose}shared"] += (dies * said * truth).sum(dim=(0, 2, 3))
        counts[f"{whose}either"] += (dies * torch.maximum(said, truth)).sum(dim=(0, 2, 3))
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
        """Divide last: IoU over failing pixels a class, F1 of presence, false alarms, IoU with what people labelled."""
        counts = self.counts
        iou = counts["shared"] / counts["either"]
        f1 = 2 * counts["right"] / (counts["said"] + counts["there"])
        labelled = counts["there"] > 0
        measures = {f"iou/{key}": value for key, value in zip(CLASS_KEYS, iou, strict=True)}
        measures |= {f"f1/{key}": f1[k] for k, key in enumerate(CLASS_KEYS) if labelled[k]}
        measures["iou/mean"] = iou.nanmean()
        scores = [measures["iou/mean"]]
        if labelled.any():
            measures["f1/macro"] = f1[labelled].mean()
            measures["false_alarms"] = (counts["false"] / counts["none"])[0]
            scores.append(measures["f1/macro"])
        shown = counts["people_either"] > 0
        if shown.any():
            people = counts["people_shared"] / counts["people_either"]
            measures |= {f"people/{key}": people[k] for k, key in enumerate(CLASS_KEYS) if shown[k]}
            measures["people/mean"] = people[shown].mean()
            scores.append(measures["people/mean"])
        measures["score"] = torch.stack(scores).mean()
        self.log_dict(measures, sync_dist=True)

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """AdamW and the schedule."""
        groups = parameter_groups(self.network, self.tuning, self.schedule.rate)
        optimizer = torch.optim.AdamW(groups, lr=self.schedule.rate, weight_decay=self.schedule.decay)
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, self.schedule.factor)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}
