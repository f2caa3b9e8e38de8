import pytest
import torch

from models.learner import Learner, ScheduleConfig
from models.losses import LossConfig
from models.tuning import TuningConfig, hold_still, parameter_groups
from models.unet import NetworkConfig, WaferUNet

NETWORK = NetworkConfig("resnet18", depth=4, decoder_channels=(16, 8, 8, 8))
SCHEDULE = ScheduleConfig(rate=1e-2, warmup=0, steps=100)


@pytest.fixture
def batch() -> dict[str, torch.Tensor]:
    g = torch.Generator().manual_seed(3)
    wafer = torch.rand(2, 3, 64, 64, generator=g)
    wafer[:, 0] = (wafer[:, 0] < 0.5).float()
    masks = (torch.rand(2, 8, 64, 64, generator=g) < 0.3).float() * wafer[:, :1]
    drawn, presence = torch.ones(2, dtype=torch.bool), torch.ones(2, 8)
    return {"wafer": wafer, "masks": masks, "has_masks": drawn, "presence": presence}


def moved_by_steps(tuning: TuningConfig, batch, first: int, steps: int, monkeypatch) -> set[str]:
    """Names of parameters and batch statistics that some steps of training move."""
    torch.manual_seed(1)
    learner = Learner(NETWORK, LossConfig(), SCHEDULE, tuning=tuning)
    monkeypatch.setattr(learner, "log_dict", lambda *_, **__: None)
    optimizer = learner.configure_optimizers()["optimizer"]
    before = {name: value.clone() for name, value in learner.network.state_dict().items()}
    for step in range(first, first + steps):
        monkeypatch.setattr(Learner, "global_step", step)
        learner.on_train_batch_start()
        optimizer.zero_grad()
        learner.training_step(batch, 0).backward()
        optimizer.step()
    return {name for name, value in learner.network.state_dict().items() if not torch.equal(value, before[name])}


def test_a_frozen_encoder_does_not_move_and_the_rest_does(batch, monkeypatch):
    moved = moved_by_steps(TuningConfig(frozen_steps=10), batch, 8, 2, monkeypatch)
    assert {name.split(".")[0] for name in moved} == {"decoder", "head", "wafer_head"}


def test_after_its_steps_the_encoder_moves_too(batch, monkeypatch):
    moved = moved_by_steps(TuningConfig(frozen_steps=10), batch, 9, 2, monkeypatch)
    assert "encoder.layer1.0.conv1.weight" in moved
    assert "encoder.bn1.running_mean" in moved


def test_without_tuning_everything_moves(batch, monkeypatch):
    moved = moved_by_steps(TuningConfig(), batch, 0, 1, monkeypatch)
    assert {name.split(".")[0] for name in moved} == {"encoder", "decoder", "head", "wafer_head"}


def test_few_shot_moves_the_last_three_layers_alone(batch, monkeypatch):
    moved = moved_by_steps(TuningConfig(few_shot=True), batch, 50, 2, monkeypatch)
    assert all(name.startswith(("decoder.blocks.3.", "head.")) for name in moved)
    layers = {name for name in moved if name.endswith("0.weight")}
    assert layers == {"decoder.blocks.3.conv1.0.weight", "decoder.blocks.3.conv2.0.weight", "head.0.weight"}


def test_the_encoder_has_a_rate_of_its_own_and_no_parameter_is_forgotten():
    network = WaferUNet(NETWORK)
    others, encoder = parameter_groups(network, TuningConfig(encoder_rate=0.1), 2e-3)
    assert encoder["lr"] == pytest.approx(2e-4)
    assert "lr" not in others
    assert {id(p) for p in encoder["params"]} == {id(p) for p in network.encoder.parameters()}  # type: ignore[attr-defined]
    every = [id(p) for group in (others, encoder) for p in group["params"]]  # type: ignore[attr-defined]
    assert sorted(every) == sorted(id(p) for p in network.parameters())


def test_alike_parameters_are_one_group_as_checkpoints_hold_them():
    assert len(parameter_groups(WaferUNet(NETWORK), TuningConfig(frozen_steps=5), 1e-3)) == 1


def test_holding_still_can_be_repeated():
    network = WaferUNet(NETWORK).train()
    for _ in range(2):
        hold_still(network, TuningConfig(frozen_steps=5), 3)
    assert not network.encoder.training
    assert network.decoder.training
    hold_still(network, TuningConfig(frozen_steps=5), 5)
    assert network.encoder.training
    assert all(p.requires_grad for p in network.parameters())
