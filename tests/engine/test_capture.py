"""Capture on a CPU: signatures, and the network as a function of tensors."""

import numpy as np
import pytest
import torch

from gapless.nets.capture import Captured, _Flat, signature, wanted
from gapless.nets.gate import Gate

from . import toys

CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="graphs are captured on a CUDA device")


def sizes(run):
    (x, _), _ = run.batches()
    return run.net, x, run.mix()


def test_never_on_a_cpu(monkeypatch):
    monkeypatch.setenv("GAPLESS_CUDA_GRAPHS", "1")
    assert not wanted(torch.device("cpu"))
    assert wanted(torch.device("cuda"))


def test_signatures_tell_apart_what_is_computed_differently():
    net, x, mix = sizes(toys.run())
    name, gate = next(iter(mix.items()))
    shape = gate.weight.shape
    some = np.ones(shape, bool)
    some[0, 0] = False
    found = [
        signature(net, x, mix, 0.0),
        signature(net, x[:2], mix, 0.0),
        signature(net, x, mix, 0.1),
        signature(net, x, {**mix, name: Gate(gate.weight.detach())}, 0.0),
        signature(net, x, {**mix, name: Gate(gate.weight, some)}, 0.0),
        signature(net, x, {**mix, name: Gate(gate.weight, None, np.full(shape, 0.5))}, 0.0),
        signature(net.eval(), x, mix, 0.0),
    ]
    assert len(set(found)) == len(found)
    assert signature(net.train(), x + 1, mix, 0.0) == found[0]


def test_as_a_function_of_tensors_it_is_the_same_network():
    net, x, mix = sizes(toys.run())
    flat = _Flat(net, mix, 0.0)
    tables = [mix[name].weight for name in flat.weighted]
    assert torch.equal(flat(x, *tables), net(x, mix))


@CUDA
def test_replays_are_the_network():
    net, x, mix = sizes(toys.run())
    net, x = net.cuda(), x.cuda()
    mix = {name: Gate(gate.weight.detach().cuda().requires_grad_()) for name, gate in mix.items()}
    call, tables = Captured(net), [gate.weight for gate in mix.values()]
    for _ in range(3):
        pair = [torch.autograd.grad(way(x, mix).sum(), tables) for way in (net, call)]
        for one, other in zip(*pair, strict=True):
            torch.testing.assert_close(one, other)
