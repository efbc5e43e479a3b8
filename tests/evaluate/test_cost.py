"""Costs of stand-alone networks, and limits on them."""

from dataclasses import replace

import pytest
import torch

import gapless.spaces
from gapless.core import Arch
from gapless.core.errors import BadValue, UnknownName
from gapless.data import ImageShape
from gapless.evaluate.cost import COSTS, Limits, limit, limits
from gapless.nets.cost import count
from gapless.spaces.contract import Shape, subnet

SPACE, SHAPE, IMAGE = gapless.spaces.get("chain"), Shape(4), ImageShape(1, 8, 8, 10)
ARCHS = [SPACE.choices.at(i) for i in (0, 12345, SPACE.size() - 1)]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("params=1M", "params", 1e6), ("macs=50M", "macs", 5e7), ("macs=2.5G", "macs", 2.5e9),
        ("latency=3ms", "latency", 3), ("latency=40us", "latency", 0.04), ("latency=0.5s", "latency", 500),
        ("params=1234", "params", 1234), (" params = 10 k ", "params", 1e4), ("macs=.5M", "macs", 5e5),
    ],
)  # fmt: skip
def test_amounts(text, kind, value):
    assert limit(text) == (kind, pytest.approx(value))


@pytest.mark.parametrize("text", ["params", "params=", "params=0", "params=-1", "params=1ms", "latency=3",
                                  "macs=1e6", "macs=nan", "latency=3 MS"])  # fmt: skip
def test_amounts_that_are_none(text):
    with pytest.raises(BadValue, match="units"):
        limit(text)


def test_costs_that_are_none():
    with pytest.raises(UnknownName, match="did you mean 'params'"):
        limit("parms=1M")
    with pytest.raises(BadValue, match="once"):
        limits(["params=1M", "macs=1M", "params=2M"])


def test_costs_are_those_of_the_network():
    for arch in ARCHS:
        net = subnet(SPACE, arch, SHAPE, IMAGE)
        cost = count(net, IMAGE)
        assert COSTS.get("params", net, IMAGE) == cost.parameters
        assert COSTS.get("macs", net, IMAGE) == cost.macs
    assert 0 < COSTS.get("latency", net, IMAGE) < 1000
    assert COSTS.get("memory", net, IMAGE) >= 4 * IMAGE.channels * IMAGE.height * IMAGE.width
    assert limit("memory=2kB") == ("memory", 2000)


def check(*most):
    return Limits(most, SHAPE).check(SPACE, lambda: IMAGE, torch.device("cpu"))


def test_limits_are_kept_to_the_last_unit():
    for arch in ARCHS:
        cost = count(subnet(SPACE, arch, SHAPE, IMAGE), IMAGE)
        for kind, value in (("params", cost.parameters), ("macs", cost.macs)):
            assert check((kind, value))(arch)
            assert not check((kind, value - 1))(arch)
        assert not check(("params", cost.parameters), ("macs", cost.macs - 1))(arch)
        assert check(("latency", 1e6))(arch)
        assert not check(("latency", 1e-9))(arch)


def test_what_is_known_is_not_measured():
    def nothing():
        raise AssertionError("measured")

    from dataclasses import replace

    one = Limits((("params", 10.0), ("macs", 5.0)), SHAPE).check(SPACE, nothing, torch.device("cpu"))
    known = replace(one, known=lambda arch: {"parameters": 10.0, "macs": 5.0})
    assert known(ARCHS[0])
    assert not replace(known, known=lambda arch: {"params": 11.0, "macs": 5.0}, answers={})(ARCHS[0])


def test_an_answer_is_kept():
    asked, most = [], Limits((("params", 1e9),), SHAPE)
    one = most.check(SPACE, lambda: asked.append(1) or IMAGE, torch.device("cpu"))
    assert one(ARCHS[0])
    before = len(asked)
    assert one(ARCHS[0])
    assert len(asked) == before


def test_checks_are_equal_where_they_share_their_answers():
    most, answers = Limits((("params", 1e9),), SHAPE), dict[Arch, bool]()
    fresh = [most.check(SPACE, lambda: IMAGE, torch.device("cpu")) for _ in range(3)]
    one, other = (replace(check, answers=answers) for check in fresh[:2])
    assert one == other
    assert len({one, other, *fresh}) == 4
