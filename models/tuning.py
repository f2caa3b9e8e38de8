"""Which layers learn when training starts from weights that know something already."""

from dataclasses import dataclass

from torch import Tensor, nn

from models.unet import WaferUNet


@dataclass(frozen=True)
class TuningConfig:
    """The phases of fine-tuning.

    Args:
        frozen_steps: steps for which the encoder stands still.
        encoder_rate: the encoder's learning rate after that, as a share of the others'.
        few_shot: only the last three layers learn, those that draw the masks: for a product with few labels.
    """

    frozen_steps: int = 0
    encoder_rate: float = 1.0
    few_shot: bool = False


def hold_still(network: WaferUNet, config: TuningConfig, step: int) -> None:
    """Stop the layers that do not learn at this step, their batch statistics too, and let the others learn."""
    if not config.few_shot and step > config.frozen_steps:
        return
    last = (list(network.decoder.get_submodule("blocks").children())[-1], network.head)
    parts: tuple[nn.Module, ...] = (network.encoder, network.decoder, network.head, network.wafer_head)
    for part in parts:
        learns = not config.few_shot and (part is not network.encoder or step >= config.frozen_steps)
        _set(part, learns)
    if config.few_shot:
        for part in last:
            _set(part, True)


def parameter_groups(network: WaferUNet, config: TuningConfig, rate: float) -> list[dict[str, object]]:
    """Return the optimiser its parameters: all alike, or the encoder at a rate of its own."""
    if config.encoder_rate == 1:
        return [{"params": list(network.parameters())}]
    encoder: list[Tensor] = list(network.encoder.parameters())
    inside = {id(p) for p in encoder}
    others = [p for p in network.parameters() if id(p) not in inside]
    return [{"params": others}, {"params": encoder, "lr": rate * config.encoder_rate}]


def _set(part: nn.Module, learns: bool) -> None:
    part.requires_grad_(learns)
    part.train(learns)
