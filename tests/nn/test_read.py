"""The space of a module is what the module says, however choices are nested."""

from __future__ import annotations

import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.nn.models import IMAGE, MODELS, nested
from torch import nn

from gapless.core import Arch
from gapless.core.errors import BadValue
from gapless.data.shape import ImageShape
from gapless.nets.cost import by_option, count
from gapless.nets.gate import onehot
from gapless.nn import Choose, Kernel, Repeat, Width, read
from gapless.parts.sample.price import price
from gapless.spaces import from_module
from gapless.spaces.contract import Shape, inherit


@pytest.mark.parametrize(("make", "size"), MODELS.values(), ids=MODELS)
def test_sizes_by_hand(make, size):
    assert read.space(make(IMAGE)).size() == size


def test_names_are_those_of_the_module():
    space = read.space(nested(IMAGE))
    picks = {
        "op": {"deep": {"1": "a"}},
        "stage": {"2": {"0.body": "3x3", "1.body": "1x1"}},
        "wide.body": {"6": {"1": "5"}},
    }
    assert Arch.of(picks) in space
    groups = {group.name: (len(group.rows), group.options) for group in space.groups()}
    assert groups == {
        "choose": (1, ("conv", "deep")), "choose2": (1, ("a", "b")), "repeat": (1, ("1", "2")),
        "choose3": (3, ("3x3", "1x1")), "width": (1, ("2", "6")), "kernel": (2, ("3", "5")),
    }  # fmt: skip


def test_a_choice_that_is_an_option_is_called_by_its_kind():
    space = read.space(Choose(a=Choose(x=nn.Identity(), y=nn.Identity()), b=nn.Identity()))
    assert Arch.of({"choose": {"a": {"choose": "x"}}}) in space
    assert space.size() == 3


def built(plan):
    """A module of nested choices from a plan, `... x 3` to the same, and its number of architectures."""
    kind, inner = plan
    if kind == "leaf":
        return nn.Sequential(nn.Linear(3, 3), nn.Tanh()), 1
    modules = [built(one) for one in inner]
    if kind == "beside":
        size = 1
        for _, own in modules:
            size *= own
        return nn.Sequential(*(module for module, _ in modules)), size
    if kind == "choose":
        return Choose({f"o{i}": m for i, (m, _) in enumerate(modules)}), sum(own for _, own in modules)
    if kind == "repeat":
        sizes, product = [], 1
        for _, own in modules:
            product *= own
            sizes.append(product)
        return Repeat(lambda i: modules[i][0], range(1, len(modules) + 1)), sum(sizes)

    def sized(v):
        return nn.Sequential(nn.Linear(3, v), nn.Tanh(), nn.Linear(v, 3), built(inner[0])[0])

    return {"width": Width, "kernel": Kernel}[kind](sized, (1, 2, 4)), 3 * modules[0][1]


PLANS = st.recursive(
    st.just(("leaf", ())),
    lambda inner: st.tuples(
        st.sampled_from(("beside", "choose", "repeat", "width", "kernel")),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=8,
)


@settings(max_examples=40, deadline=None)
@given(PLANS, st.integers(0, 2**32))
def test_any_nesting_has_as_many_architectures_as_counted_and_can_be_cut_down_to_each(plan, number):
    module, size = built(plan)
    if size == 1 and not list(read.decisions([("", module)])):
        return
    space = read.space(module)
    assert space.size() == size
    arch = space.at(number % size)
    names = set(dict(module.named_parameters()))
    read.cut([("", module)], [space.only(arch)])
    assert set(dict(module.named_parameters())) <= names
    assert read.space(module).size() == 1
    assert read.space(module).at(0) == arch


@settings(max_examples=25, deadline=None)
@given(PLANS, st.integers(0, 2**32))
def test_any_nesting_is_inherited_and_priced(plan, number):
    """A network that is cut out computes what the super-network does on its path, at its price."""
    if built(plan)[1] == 1:
        return
    space, shape, row = from_module(lambda: built(plan)[0]), Shape(1), ImageShape(1, 1, 3, 3)
    net = space.network(space.choices, shape, row).double()
    x = torch.linspace(-1, 1, 6, dtype=torch.float64).view(2, 1, 1, 3)
    costs = by_option(net, row, space.choices)["macs"]
    rest = set()
    for arch in (space.choices.at(number % space.size()), space.choices.at(0)):
        child = inherit(space, net, arch, shape, row)
        assert torch.allclose(child(x), net(x, onehot(space.choices, arch)), atol=1e-12)
        rest.add(count(child, row).macs - price(space.choices.active(arch), costs))
    assert len(rest) == 1


def test_nothing_to_choose_is_refused():
    with pytest.raises(BadValue, match="Choose, Repeat, Width or Kernel inside; got Linear without any"):
        read.space(nn.Linear(1, 1))


def test_a_choice_in_two_places_is_refused():
    op = Choose(a=nn.Identity(), b=nn.ReLU())
    line = "expected each choice in one place of the module; got one that is both '0' and '2.0'"
    with pytest.raises(BadValue, match=re.escape(line)):
        read.space(nn.Sequential(op, nn.ReLU(), nn.Sequential(op)))
