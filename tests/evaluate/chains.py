"""Small chains with warm statistics, and how they are scored."""

import numpy as np
import torch

from gapless.core import Streams
from gapless.evaluate.inherited import Inherited
from gapless.nets.gate import onehot
from gapless.nets.seeded import seeded
from gapless.spaces.chain import Chain
from gapless.spaces.contract import Shape

FOUR = Chain(("identity", "k3e2", "k5e3"), widths=(1, 1, 2, 2), strides=(1, 1, 2, 1), head=3)
SHAPE = Shape(4, affine=False)
QUICK = Inherited(batches=2, batch=16)


def supernet(space, shape, digits, dtype=torch.float32):
    """A super-network that has seen a few batches; its scales and shifts are not ones and zeros."""
    with seeded(0):
        net = space.network(space.choices, shape, digits.shape).to(dtype)
        rng = np.random.default_rng(0)
        with torch.no_grad():
            for name, parameter in net.named_parameters():
                if parameter.dim() == 1 and "classifier" not in name:
                    parameter.add_(0.3 * torch.randn_like(parameter))
            for x, _ in digits.ordered("train", 32, "cpu", dtype):
                net(x, onehot(space.choices, space.choices.sample(rng)))
    return net


def one_by_one(net, archs, digits, evaluator=QUICK, space=FOUR, shape=SHAPE, seed=0):
    return [evaluator.score(space, net, arch, shape, digits, "cpu", Streams(seed)) for arch in archs]


def together(net, archs, digits, evaluator=QUICK, space=FOUR, shape=SHAPE, seed=0, progress=None):
    return evaluator.scores(space, net, archs, shape, digits, "cpu", Streams(seed), progress)


def numbers(records):
    """All that a record holds, apart from the time."""
    return [(r.arch, r.metrics, r.cost, r.provenance) for r in records]
