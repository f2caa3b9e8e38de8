import os
from pathlib import Path

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


class Stranger:
    """Unpickled without care, it leaves a file behind."""

    def __init__(self, called, *arguments) -> None:
        self.reduced = called, arguments

    def __reduce__(self):
        return self.reduced


@pytest.mark.parametrize("place", ["hyper_parameters", "callbacks", "state_dict", "alone"])
@pytest.mark.parametrize("called", [os.mkdir, exec, Path.touch], ids=["system", "builtin", "class"])
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_a_checkpoint_that_carries_code_is_refused_and_runs_none_of_it(module, tmp_path, called, place, zipped):
    ran = tmp_path / "ran"
    argument = f"open({str(ran)!r}, 'w')" if called is exec else ran if called is Path.touch else str(ran)
    stranger = Stranger(called, argument)
    held = {"state_dict": module.state_dict(), "hyper_parameters": dict(module.hparams), "global_step": 6}
    path = tmp_path / "last.ckpt"
    content = stranger if place == "alone" else {**held, place: {"config": stranger}}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    for read in (read_checkpoint, lambda path: check_goes_on(path, module)):
        with pytest.raises(
            ModelError, match=r"last\.ckpt: the checkpoint carries code: it calls for .*nothing of it was"
        ):
            read(path)
    assert not ran.exists()


def test_what_earlier_versions_wrote_still_loads(module, tmp_path):
    """Fewer flags, lists where tuples are, and the older format of torch."""
    config = {"encoder": "dies", "depth": 4, "decoder_channels": [16, 16, 8, 8]}
    held = {"state_dict": module.state_dict(), "hyper_parameters": {"config": config}, "global_step": 6}
    path = tmp_path / "last.ckpt"
    torch.save(held, path, _use_new_zipfile_serialization=False)
    found = read_checkpoint(path)
    assert (found.config.encoder, found.steps) == ("dies", 6)
    assert torch.equal(found.network.head.weight, module.averaged.head.weight)


@pytest.mark.parametrize(
    "content",
    [torch.zeros(3), [1, 2], {"state_dict": [1], "hyper_parameters": {"config": {}}}, {"hyper_parameters": 7}],
)
def test_plain_data_that_is_no_checkpoint_is_refused_with_a_sentence(content, module, tmp_path):
    torch.save(content, tmp_path / "last.ckpt")
    with pytest.raises(ModelError, match="the checkpoint cannot be read"):
        read_checkpoint(tmp_path / "last.ckpt")
    with pytest.raises(ModelError, match=r"the checkpoint cannot be read|it is of another network"):
        check_goes_on(tmp_path / "last.ckpt", module)


@pytest.mark.parametrize("content", [None, b"", b"no checkpoint at all", "other", "hollow"])
def test_others_are_refused_with_a_sentence(content, module, tmp_path):
    path = tmp_path / "last.ckpt"
    if content == "other":
        torch.save({"weights": torch.zeros(1)}, path)
    elif content == "hollow":
        saved(path, module, without=("head",))
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match="the checkpoint cannot be read") as refused:
        read_checkpoint(path)
    assert "weights_only" not in str(refused.value)  # torch's advice to load it all the same
