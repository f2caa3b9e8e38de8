"""From the file that the app serves back to a network that can learn on.

The file holds 8-bit weights into which batch normalisation is folded. The network gets them with normalisations that
change nothing as served, and whose statistics are what they see, so that it does not jump when they learn again.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn

from data.errors import ModelError
from data.served import METADATA_KEY
from models.die_unet import DieEncoder
from models.unet import NetworkConfig, WaferUNet

Values = dict[str, NDArray[np.float32]]


def network_of(path: Path, dropout: float, seen: Sequence[Tensor]) -> WaferUNet:
    """Build the network whose answers a served file gives.

    Args:
        path: ONNX file that jobs.export_model wrote.
        dropout: of the network, which the file does not say.
        seen: batches (N, 3, S, S) on which statistics are measured.

    Raises:
        ModelError: the file is missing, damaged, or not of this network.
    """
    network = WaferUNet(replace(served_shape(path), dropout=dropout)).eval()
    try:
        taken = _take_over(network, onnx.load(str(path)).graph)
    except (KeyError, ValueError, RuntimeError) as error:
        raise _refusal(path, error) from error
    _measure(network, taken, seen)
    return network


def served_shape(path: Path) -> NetworkConfig:
    """Return which network a served file holds.

    Raises:
        ModelError: the file is missing, damaged, or does not say.
    """
    try:
        model = onnx.load(str(path), load_external_data=False)
        about = json.loads(next(p.value for p in model.metadata_props if p.key == METADATA_KEY))
        return NetworkConfig(about["encoder"], about["depth"], tuple(about["decoder_channels"]))
    except Exception as error:  # what a damaged file raises shares no base but Exception
        raise _refusal(path, error) from error


def _refusal(path: Path, error: Exception) -> ModelError:
    return ModelError(
        str(path), f"no network can be made of it ({error!r})", "Name a file that jobs.export_model wrote."
    )


def _take_over(network: WaferUNet, graph: onnx.GraphProto) -> list[nn.BatchNorm2d]:
    """Take over what the file holds; gives the normalisations whose part was found, which change nothing from then."""
    modules = dict(network.named_modules())
    after = _normalisations(network)
    values = _values(graph)
    missing = {name for name, m in modules.items() if isinstance(m, (nn.Conv2d, nn.Linear))}
    with torch.no_grad():
        for node in graph.node:
            name = _module_name(node.name)
            if node.op_type not in ("Conv", "Gemm") or name not in missing:
                continue
            missing.discard(name)
            weight, bias = (torch.from_numpy(values[i].copy()) for i in node.input[1:3])
            module = modules[name]
            assert isinstance(module, (nn.Conv2d, nn.Linear))
            module.weight.copy_(weight)
            if module.bias is not None:
                module.bias.copy_(bias)
            else:
                after[name].bias.copy_(bias)
    if lacking := sorted(name for name in missing if not name.startswith(DieEncoder.ADDED)):
        raise ValueError(f"nothing is found for {', '.join(lacking)}")
    taken = [norm for name, norm in after.items() if name not in missing]
    for norm in taken:
        norm.running_mean.zero_()  # type: ignore[union-attr]
        norm.running_var.fill_(1 - norm.eps)  # type: ignore[union-attr]
        nn.init.ones_(norm.weight)
    return taken


def _measure(network: WaferUNet, norms: Sequence[nn.BatchNorm2d], seen: Sequence[Tensor]) -> None:
    """Set normalisations to the statistics of what they see, and make up for them."""
    sums = {norm: torch.zeros(3, norm.num_features, dtype=torch.float64) for norm in norms}

    def note(norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        x = inputs[0].double()
        count = torch.full((norm.num_features,), x.numel() / x.shape[1], dtype=torch.float64)  # type: ignore[arg-type]
        sums[norm] += torch.stack([count, x.sum(dim=(0, 2, 3)), (x**2).sum(dim=(0, 2, 3))])  # type: ignore[index]

    hooks = [norm.register_forward_pre_hook(note) for norm in norms]
    with torch.no_grad():
        for batch in seen:
            network(batch)
        for hook in hooks:
            hook.remove()
        for norm in norms:
            count, total, squares = sums[norm]
            mean = total / count
            variance = (squares / count - mean**2).clamp(min=1e-6)
            norm.running_mean.copy_(mean)  # type: ignore[union-attr]
            norm.running_var.copy_(variance)  # type: ignore[union-attr]
            norm.weight.copy_((variance + norm.eps).sqrt())
            norm.bias.add_(mean)


def _normalisations(network: WaferUNet) -> dict[str, nn.BatchNorm2d]:
    """The normalisation that follows each convolution without a bias."""
    found, last = {}, ""
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d):
            last = name
        elif isinstance(module, nn.BatchNorm2d):
            found[last] = module
    return found


def _module_name(node: str) -> str:
    """The module that a node such as /describing/encoder/layer1/layer1.0/conv1/Conv stands for."""
    parts = node.strip("/").split("/")[1:-1]
    return ".".join(p for p, q in pairwise([*parts, ""]) if not q.startswith(f"{p}."))


def _values(graph: onnx.GraphProto) -> Values:
    """All constants of a graph as float32, quantised ones multiplied out; a scale a channel is along the first axis."""
    stored = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
    values: Values = {name: np.asarray(v, dtype=np.float32) for name, v in stored.items()}
    for node in graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] in stored:
            whole, scale, zero = (stored[i].astype(np.float32) for i in node.input)
            shape = (-1,) + (1,) * (whole.ndim - 1)
            values[node.output[0]] = (whole - zero.reshape(shape)) * scale.reshape(shape)
        elif node.op_type == "Identity" and node.input[0] in values:  # equal constants are written once
            values[node.output[0]] = values[node.input[0]]
    return values
