"""The auxiliary head: a second loss in a training, of which nothing stays."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.nn import functional

import gapless.spaces
from gapless.core import Streams
from gapless.core.errors import BadValue
from gapless.core.training import Optim, Training
from gapless.data.shape import ImageShape
from gapless.evaluate.standalone import Trainee, train
from gapless.job.limits import buildable
from gapless.nets.auxiliary import AuxiliaryHead
from gapless.nets.seeded import seeded
from gapless.spaces.contract import Shape, subnet
from gapless.testing.methods import digits

CPU = torch.device("cpu")
SPACES = {"darts": Shape(2, 3), "darts-factorised": Shape(2, 3), "nasnet": Shape(2, 1), "pnas": Shape(2, 1)}
SGD = Optim(lr=0.1, betas=(0.0, 0), weight_decay=0.0)


def trainee(name: str, **changes: object) -> Trainee:
    training = replace(Training(2, 16, SGD, augment=False, auxiliary=0.4), **changes)  # type: ignore[arg-type]
    space, data = gapless.spaces.get(name), digits()
    with seeded(0):
        arch = space.choices.sample(Streams(0).generator("arch"))
        net = subnet(space, arch, SPACES[name], data.shape)
    return Trainee(net, training, data, "train", Streams(0), CPU)


def test_as_many_parameters_as_published() -> None:
    """Of 20 cells with 36 channels 576 leave the second reduction cell, at 8 x 8."""
    head = AuxiliaryHead(576, (8, 8), 10)
    wanted = 576 * 128 + 2 * 128 + 128 * 768 * 2 * 2 + 2 * 768 + 768 * 10 + 10
    assert sum(p.numel() for p in head.parameters()) == wanted
    assert head(torch.zeros(2, 576, 8, 8)).shape == (2, 10)


@pytest.mark.parametrize("side", [(1, 1), (2, 3), (4, 9), (5, 5), (16, 16), (14, 7)])
def test_any_size_is_read(side: tuple[int, int]) -> None:
    assert AuxiliaryHead(4, side, 3)(torch.zeros(2, 4, *side)).shape == (2, 3)


@pytest.mark.parametrize(
    ("name", "shape", "wanted"),
    [
        ("darts", Shape(4, 8), (64, 8, 8)),
        ("gold-nas", Shape(4), (64, 8, 8)),
        ("pnas", Shape(4, 2), (40, 16, 16)),
    ],
)
def test_where_it_reads(name: str, shape: Shape, wanted: tuple[int, ...]) -> None:
    space = gapless.spaces.get(name)
    arch = space.choices.sample(Streams(0).generator("arch"))
    net = subnet(space, arch, shape, ImageShape(3, 32, 32, 10)).eval()
    x = torch.randn(2, 3, 32, 32)
    logits, inner = net.supervised(x)
    assert inner.shape == (2, *wanted)
    assert torch.equal(logits, net(x))


@pytest.mark.parametrize("name", SPACES)
def test_a_step_against_the_losses_written_out(name: str) -> None:
    ours, other = trainee(name), trainee(name)
    x, y = ours.data.batch("train", 0, 16, ours.streams, CPU, augment=ours.augment)
    net, head = other.net.train(), other.head
    assert head is not None
    logits, inner = net.supervised(x)
    loss = functional.cross_entropy(logits, y) + 0.4 * functional.cross_entropy(head(inner), y)
    named = dict(net.named_parameters()) | {f"auxiliary.{k}": v for k, v in head.named_parameters()}
    slopes = torch.autograd.grad(loss, list(named.values()))
    ours.step()
    assert ours.head is not None
    moved = dict(ours.net.named_parameters())
    moved |= {f"auxiliary.{k}": v for k, v in ours.head.named_parameters()}
    for (key, start), slope in zip(named.items(), slopes, strict=True):
        torch.testing.assert_close(moved[key], start - 0.1 * slope, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", ["darts", "nasnet"])
def test_a_training_goes_on_bitwise(name: str) -> None:
    whole, half, rest = (trainee(name, weights=replace(SGD, betas=(0.9, 0))) for _ in range(3))
    train(whole, lambda ended: None)
    for _ in range(whole.progress.steps // 2):
        half.step()
    rest.restore(*half.snapshot())
    train(rest, lambda ended: None)
    assert whole.head is not None
    assert rest.head is not None
    for one, two in ((whole.net, rest.net), (whole.head, rest.head)):
        for key, value in one.state_dict().items():
            assert torch.equal(value, two.state_dict()[key]), key


def test_nothing_of_it_stays_in_the_network() -> None:
    assert trainee("darts").net.state_dict().keys() == trainee("darts", auxiliary=0.0).net.state_dict().keys()
    assert trainee("darts", auxiliary=0.0).head is None


def test_a_network_without_a_place_for_it_is_refused() -> None:
    space = gapless.spaces.get("nb201")
    preset = replace(space.presets["quick"], training=Training(2, 16, auxiliary=0.4))
    with pytest.raises(BadValue, match=r"auxiliary of 0 in space 'nb201'.*got 0\.4; drop --set"):
        buildable(space, preset, ImageShape(3, 8, 8, 10))
