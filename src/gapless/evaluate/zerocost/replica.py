"""What scores look at: a copy of the network, its weighted layers, and gradients of its loss."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from gapless.nets import fast

Layer = nn.Conv2d | nn.Linear


def replica(net: nn.Module, training: bool = True) -> nn.Module:
    """A copy without gradients, all of whose parameters are trained."""
    twin = copy.deepcopy(net).train(training)
    twin.zero_grad(set_to_none=True)
    return twin.requires_grad_(True)


def layers(net: nn.Module) -> list[Layer]:
    """Convolutions and linear layers, in the order of the modules."""
    return [module for module in net.modules() if isinstance(module, Layer)]


def weights(net: nn.Module) -> list[Tensor]:
    """Of those layers; biases and BatchNorm layers are not scored, as in SamsungLabs/zero-cost-nas."""
    return list(dict.fromkeys(layer.weight for layer in layers(net)))


def loss(net: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """Mean cross-entropy in nats, every module computed by itself; it may work in place on its input."""
    with torch.enable_grad(), fast.plain():
        return cross_entropy(net(images.clone()), labels)


def gradients(value: Tensor, inputs: Sequence[Tensor], create_graph: bool = False) -> list[Tensor]:
    """The derivative by each input; zeros where there is none."""
    if not value.requires_grad:
        return [torch.zeros_like(x) for x in inputs]
    found = torch.autograd.grad(value, inputs, create_graph=create_graph, materialize_grads=True)
    return list(found)


def total(terms: Sequence[Tensor]) -> float:
    """The sum of all numbers, added in double precision."""
    return math.fsum(float(term.detach().double().sum()) for term in terms)
