"""What is made of trained networks before they are exported: their mean, and statistics as they will answer."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from models.unet import WaferUNet


def mean_network(networks: Sequence[WaferUNet]) -> WaferUNet:
    """Return the first network the mean of the weights of all.

    Networks that learnt on from one another mostly lie in one valley, and their mean lower in it than each.

    Args:
        networks: of one shape, at least one.

    Raises:
        RuntimeError: they are of different shapes.

    Source: Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization", UAI 2018.
    """
    states = [network.state_dict() for network in networks]
    mean = {
        name: torch.stack([state[name] for state in states]).mean(dim=0) if value.is_floating_point() else value
        for name, value in states[0].items()
    }
    networks[0].load_state_dict(mean)
    return networks[0]


def settle(network: WaferUNet, wafers: Iterable[Tensor]) -> None:
    """Measure the statistics of the normalisations anew, on what they see when nothing is dropped.

    While a network learns, dropout makes what they see vary more than it will in use, and the averaged weights are not
    the ones that they see.

    Args:
        network: its statistics are replaced; it is ready to be used after it.
        wafers: batches (N, 3, S, S) such as it learnt from, at least one. Each counts alike.

    Source: Li et al., "Understanding the Disharmony between Dropout and Batch Normalization by Variance Shift", CVPR
    2019.
    """
    network.eval()
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # an even mean over all batches
        norm.train()
    with torch.no_grad():
        for batch in wafers:
            network(batch)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    network.eval()
