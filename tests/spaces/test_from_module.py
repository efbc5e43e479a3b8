"""Spaces read off modules: the battery, shared tensors, costs, shrinking, and how modules are made."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

import pytest
import torch
from tests.nn.models import IMAGE, MODELS, Net, conv, flat, inverted, nested
from torch import nn

import gapless.methods
from gapless.core import Streams
from gapless.core.errors import BadValue
from gapless.data import get as data
from gapless.engine.check import conflicts
from gapless.engine.recipe import plain
from gapless.engine.run import Run
from gapless.nets.cost import KINDS, by_option, count
from gapless.nets.seeded import seeded
from gapless.nets.window import window
from gapless.nn import Choose, Repeat
from gapless.parts.sample.price import extreme, price
from gapless.spaces import from_module
from gapless.spaces.contract import Shape, inherit, subnet
from gapless.spaces.own import Own
from gapless.testing import methods, spaces

SPACES = {name: from_module(make, name=name) for name, (make, _) in MODELS.items()}


@pytest.mark.parametrize("check", spaces.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_holds(space, check):
    check(space, spaces.IMAGE)


def test_a_module_that_is_there_passes_for_its_own_images():
    spaces.check_space(from_module(nested(IMAGE), IMAGE), IMAGE)


# -- shared tensors ---------------------------------------------------------------------------------


def test_what_is_inherited_are_windows_of_copies():
    space = SPACES["nested"]
    with seeded(0):
        net = space.network(space.choices, Shape(4), IMAGE)
    parent, smaller = net.state_dict(), 0
    for arch in spaces.samples(space, 6):
        for name, tensor in inherit(space, net, arch, Shape(4), IMAGE).state_dict().items():
            assert torch.equal(tensor, window(parent[name], tensor.shape))
            assert tensor.data_ptr() != parent[name].data_ptr()
            smaller += tensor.shape != parent[name].shape
    assert smaller


def test_a_smaller_super_network_goes_on_with_windows_of_weights_and_momenta():
    space = from_module(partial(Net, channels=4, wide=inverted(4, (2, 6), (3, 5)), op=Choose(a=conv(4, 4))))
    recipe = methods.shortened(gapless.methods.get("darts", "quick"))
    run = Run(recipe, space, Shape(4), methods.digits(), Streams(0), torch.device("cpu"))
    run.step()
    weights, momenta = dict(run.net.state_dict()), run.weights.state()
    run.shrink(run.choices.restrict(lambda path, option: option not in ("6", "5")))
    assert run.net.state_dict()["net.wide.body.body.1.body.weight"].shape == (2, 1, 3, 3)
    for name, tensor in run.net.state_dict().items():
        assert torch.equal(tensor, window(weights[name], tensor.shape))
    kept = run.weights.state()
    assert kept
    for name, tensor in kept.items():
        assert torch.equal(tensor, window(momenta[name], tensor.shape))
    run.step()


class Whole(Own):
    """Says of shared tensors that they are of one shape."""

    sliced = False


def test_windows_are_for_spaces_that_say_so():
    space = Whole(nested)
    with pytest.raises(AssertionError, match="in a sub-network"):
        spaces.state_names(space, IMAGE)
    net = space.network(space.choices, Shape(4), IMAGE)
    with pytest.raises(BadValue, match=r"a super-network of 'own' with 'net.wide"):
        inherit(space, net, space.choices.at(0), Shape(4), IMAGE)


# -- costs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_costs_of_options_add_up_to_those_of_networks(space):
    """Up to what all networks have."""
    net = space.network(space.choices, Shape(4), IMAGE)
    costs = by_option(net, IMAGE, space.choices)
    archs = list(space.choices)
    for kind, counted in zip(KINDS, ("macs", "parameters"), strict=True):
        whole = [getattr(count(subnet(space, arch, Shape(4), IMAGE), IMAGE), counted) for arch in archs[::5]]
        parts = [price(space.choices.active(arch), costs[kind]) for arch in archs[::5]]
        rest = {w - p for w, p in zip(whole, parts, strict=True)}
        assert len(rest) == 1
        assert rest.pop() > 0
        prices = [price(space.choices.active(arch), costs[kind]) for arch in archs]
        for dearest, best in ((True, max(prices)), (False, min(prices))):
            found = extreme(space.choices, costs[kind], dearest)
            assert price(space.choices.active(found), costs[kind]) == best


# -- how modules are made ---------------------------------------------------------------------------


class Scaled(nn.Module):
    """With a parameter that nothing resets."""

    def __init__(self, image=IMAGE):
        super().__init__()
        self.scale = nn.Parameter(torch.full((1, 4, 1, 1), 0.25))
        self.net = flat(image)

    def forward(self, x):
        return self.net.classifier((self.net.op(self.net.stem(x)) * self.scale).mean((2, 3)))


def test_a_module_is_initialised_anew_and_keeps_what_nothing_resets():
    module = Scaled()
    space = from_module(module)
    with seeded(0):
        net = space.network(space.choices, Shape(4), IMAGE).net
    assert torch.equal(net.scale, module.scale)
    assert net.scale is not module.scale
    weight, given = net.net.classifier.weight, module.net.classifier.weight
    assert not torch.equal(weight, given)
    bound = 1 / math.sqrt(weight.shape[1])
    assert weight.abs().max() <= bound, "as torch initialises a linear layer"


def test_a_function_is_given_what_it_names():
    seen = []

    def make(image, shape, other=3):
        seen.append((image, shape, other))
        return nested(image)

    space = from_module(make, search=Shape(3), deploy=Shape(5))
    space.network(space.choices, Shape(7), spaces.IMAGE)
    assert seen[-1] == (spaces.IMAGE, Shape(7), 3)
    assert space.presets["quick"].search == Shape(3)
    assert space.presets["paper"].deploy == Shape(5)


@pytest.mark.parametrize(
    ("given", "holds"),
    [
        (3, "an nn.Module, or a function that makes one; got int"),
        (lambda: 3, "one that makes int; return an nn.Module"),
        (lambda image, channels: flat(image), "one that also needs channels"),
        (nn.Identity(), "Identity without any"),
        (nn.Sequential(Choose(a=nn.Identity()), nn.LazyLinear(10)), "knows all its sizes; got '1.weight'"),
    ],
)
def test_what_makes_no_module_is_refused(given, holds):
    with pytest.raises(BadValue, match=holds):
        from_module(given)


def test_partial_channels_are_refused():
    space = SPACES["flat"]
    with pytest.raises(BadValue, match="no partial channels"):
        space.network(space.choices, replace(Shape(4), partial=2), IMAGE)


# -- with methods -----------------------------------------------------------------------------------


def test_form_changes_with_the_module():
    same, other = from_module(nested(IMAGE)), from_module(flat(IMAGE))
    assert plain(same) == plain(from_module(nested(IMAGE)))
    assert plain(same) != plain(other)
    more = nested(IMAGE)
    more.stage = Repeat(lambda i: nn.Identity(), (1, 2))
    assert plain(from_module(more)) != plain(same)
    assert from_module(nested).form != from_module(flat).form


@pytest.mark.parametrize(
    ("name", "space"),
    [
        ("darts", "nested"),
        ("gdas", "flat"),
        ("spos", "nested"),
        ("proxylessnas-rl", "directly"),
        ("asap", "flat"),
    ],
)
def test_methods_search_it_and_resume_to_the_bit(monkeypatch, name, space):
    monkeypatch.setattr(methods, "SPACES", ((SPACES[space], Shape(4)),))
    recipe = gapless.methods.get(name, "quick")
    methods.valid(recipe)
    methods.resumes(recipe)


@pytest.mark.parametrize(
    ("name", "space", "holds"),
    [
        ("fairnas", "nested", None),
        ("fairnas", "flat", "equally many options"),
        ("r-darts-dp", "flat", "drops paths"),
        ("pc-darts", "flat", "no partial channels"),
        ("darts", "nested", None),
    ],
)
def test_what_does_not_go_together_is_said_before_any_compute(name, space, holds):
    found = conflicts(gapless.methods.get(name, "quick"), SPACES[space])
    assert bool(found) == bool(holds)
    assert holds is None or holds in found[0]


def test_dropout_needs_a_classifier():
    headless = from_module(nn.Sequential(Choose(a=nn.Identity()), nn.Flatten(), nn.Linear(64, 10)))
    recipe = gapless.methods.get("one-level", "quick")
    stage = replace(recipe.stages[0], dropout=0.3)
    assert "no 'classifier'" in conflicts(replace(recipe, stages=(stage,)), headless)[0]
    assert not conflicts(replace(recipe, stages=(stage,)), SPACES["flat"])


def test_the_data_of_this_test_are_what_models_are_made_for():
    assert data("digits").shape == IMAGE
