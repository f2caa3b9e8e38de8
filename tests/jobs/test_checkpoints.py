import pytest
import torch

from core.training.config import TrainConfig
from data.errors import ModelError
from jobs.checkpoints import check_goes_on, read_checkpoint, read_mean
from jobs.learning import learner
from models.die_unet import DieEncoder

CONFIG = TrainConfig(encoder="dies", depth=4, decoder_channels=(16, 16, 8, 8))


def saved(path, module, *, without=()):
    state = module.state_dict()
    held = {name: value for name, value in state.items() if not any(part in name for part in without)}
    torch.save({"state_dict": held, "hyper_parameters": dict(module.hparams), "global_step": 6}, path)
    return path


@pytest.fixture(scope="module")
def module():
    torch.manual_seed(5)
    return learner(CONFIG)


def test_config_averaged_weights_and_steps_come_back(module, tmp_path):
    with torch.no_grad():
        module.averaged.head.weight.add_(1)
    found = read_checkpoint(saved(tmp_path / "last.ckpt", module))
    assert (found.config, found.steps) == (CONFIG, 6)
    assert torch.equal(found.network.head.weight, module.averaged.head.weight)
    assert not torch.equal(found.network.head.weight, module.network.head.weight)
    check_goes_on(tmp_path / "last.ckpt", module)


def test_a_run_of_a_network_with_fewer_parts_can_be_used_and_started_from_but_not_gone_on_with(module, tmp_path):
    path = saved(tmp_path / "last.ckpt", module, without=DieEncoder.ADDED)
    wafer = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        found = read_checkpoint(path).network.eval()(wafer)
        assert torch.allclose(found, module.averaged.eval()(wafer), atol=1e-5)
    with pytest.raises(ModelError, match=f"with --from {path}, which takes its weights over"):
        check_goes_on(path, module)


def test_several_are_read_as_the_mean_of_their_networks(tmp_path):
    modules = [learner(CONFIG) for _ in range(3)]
    first, *others = (saved(tmp_path / f"{n}.ckpt", module) for n, module in enumerate(modules))
    found = read_mean(first, others)
    together = sum(module.averaged.head.weight for module in modules) / 3  # type: ignore[misc]
    torch.testing.assert_close(found.network.head.weight, together)
    assert (found.config, found.steps) == (CONFIG, 6)


@pytest.mark.parametrize("content", [None, b"", b"no checkpoint at all", "other", "hollow"])
def test_others_are_refused_with_a_sentence(content, module, tmp_path):
    path = tmp_path / "last.ckpt"
    if content == "other":
        torch.save({"weights": torch.zeros(1)}, path)
    elif content == "hollow":
        saved(path, module, without=("head",))
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match="the checkpoint cannot be read"):
        read_checkpoint(path)
