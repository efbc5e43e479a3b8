"""Choose, Repeat, Width and Kernel: mixtures against sums by hand, plain use, bad input."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.nn.models import conv
from tests.oracles import sliced as oracle
from torch import nn

from gapless.core.errors import BadValue
from gapless.nets.gate import Gate
from gapless.nets.statistics import still
from gapless.nn import Choose, Kernel, Repeat, Width, read
from gapless.nn.network import OwnNetwork
from gapless.spaces.contract import slots

X = torch.randn(3, 4, 6, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def pointwise(c_in, c_out):
    return nn.Conv2d(c_in, c_out, 1, bias=False)


def network(decision, choices=None):
    """The decision alone as a network of its space."""
    net = decision.double()
    space = read.space(net)
    choices = space if choices is None else choices(space)
    read.cut([("", net)], [choices])
    return OwnNetwork(net, slots(choices))


def mixed(net, weight):
    """The mix of one group with one row."""
    (row,) = net.scope.table.values()
    table = torch.tensor([weight], dtype=torch.float64, requires_grad=True)
    return table, {row.group: Gate(table)}


def kernels():
    decision = Kernel(lambda k: nn.Conv2d(4, 4, k, padding=k // 2, bias=False), (5, 1, 3)).double()
    return decision, lambda o: oracle.convolution(X, decision.body.weight, int(o))


def widths():
    decision = Width(lambda w: nn.Sequential(pointwise(4, w), nn.ReLU(), pointwise(w, 4)), (2, 3, 7)).double()
    first, second = decision.body[0].weight, decision.body[2].weight
    return decision, lambda o: oracle.bottleneck(X, first[:, :, 0, 0], second[:, :, 0, 0], int(o))


def repeats():
    decision = Repeat(lambda i: nn.Sequential(pointwise(4, 4), nn.Tanh()), (0, 1, 3)).double()
    weights = [layer[0].weight[:, :, 0, 0] for layer in decision.layers]
    return decision, lambda o: oracle.repeated(X, weights, int(o))


def chooses():
    decision = Choose(a=pointwise(4, 4), b=nn.Tanh(), c=nn.Identity()).double()
    weight = decision.a.weight[:, :, 0, 0]
    options = {"a": lambda: torch.einsum("oc,nchw->nohw", weight, X), "b": X.tanh, "c": lambda: X}
    return decision, lambda o: options[o]()


MADE = {"kernel": kernels, "width": widths, "repeat": repeats, "choose": chooses}


@pytest.mark.parametrize("made", MADE.values(), ids=MADE)
@settings(max_examples=15)
@given(weight=st.lists(st.floats(-2, 2), min_size=3, max_size=3))
def test_a_mixture_is_the_sum_of_its_options_times_their_gates(made, weight):
    decision, by_hand = made()
    net = network(decision)
    parameters = list(net.parameters())
    table, mix = mixed(net, weight)
    found = net(X, mix)
    by_hand_table = table.detach().clone().requires_grad_()
    wanted = sum(by_hand_table[0, i] * by_hand(o) for i, o in enumerate(decision.options))
    assert torch.allclose(found, wanted, atol=1e-10)
    pull = torch.linspace(-1, 1, X.numel(), dtype=X.dtype).view_as(X)
    got = torch.autograd.grad((found * pull).sum(), [table, *parameters])
    hand = torch.autograd.grad((wanted * pull).sum(), [by_hand_table, *parameters])
    for one, other in zip(got, hand, strict=True):
        assert torch.allclose(one, other, atol=1e-10)


@pytest.mark.parametrize("made", MADE.values(), ids=MADE)
def test_only_what_is_active_is_computed(made):
    decision, by_hand = made()
    net = network(decision)
    (row,) = net.scope.table.values()
    for i, option in enumerate(decision.options):
        active = np.arange(3)[None] == i
        mix = {row.group: Gate(torch.full((1, 3), torch.nan, dtype=torch.float64), active)}
        assert net(X, mix).isnan().all(), "its gate counts"
        assert torch.allclose(net(X, {row.group: Gate(active=active)}), by_hand(option), atol=1e-10)
    nothing = net(X, {row.group: Gate(active=np.zeros((1, 3), bool))})
    assert nothing.shape == X.shape
    assert not nothing.any()


@pytest.mark.parametrize("made", MADE.values(), ids=MADE)
def test_plain_use_takes_the_first_or_the_largest(made):
    decision, by_hand = made()
    usual = "a" if isinstance(decision, Choose) else decision.options[-1]
    assert torch.allclose(decision(X), by_hand(usual), atol=1e-10)


@pytest.mark.parametrize("made", MADE.values(), ids=MADE)
def test_a_smaller_space_keeps_what_its_options_need_and_nothing_else(made):
    decision, _ = made()
    names = {name: p.shape for name, p in decision.named_parameters()}
    first = decision.options[1]
    net = network(decision, lambda space: space.restrict(lambda path, option: option == first))
    assert decision.options == (first,)
    kept = {name: p.shape for name, p in net.net.named_parameters()}
    assert set(kept) <= set(names)
    assert sum(map(torch.Size.numel, kept.values())) < sum(map(torch.Size.numel, names.values()))


def test_elements_are_zeroed_where_the_gate_says_so():
    net = network(chooses()[0]).train()
    (row,) = net.scope.table.values()
    rates = np.array([[0.0, 0.0, 0.5]])
    active = np.array([[False, False, True]])
    gate = Gate(None, active, rates)
    out = net(X, {row.group: gate})
    assert 0.2 < (out == 0).double().mean() < 0.8
    assert torch.equal(out[out != 0], 2 * X[out != 0])
    assert torch.equal(net.eval()(X, {row.group: gate}), X)


def test_smaller_sizes_share_statistics_and_how_they_are_kept():
    net = network(Width(lambda w: nn.Sequential(conv(4, w, 1), pointwise(w, 4)), (2, 6))).train()
    (row,) = net.scope.table.values()
    small = {row.group: Gate(active=np.array([[True, False]]))}
    norm = net.net.body[0][1]
    with still(net):
        net(X, small)
    assert not norm.running_mean.any(), "a look-ahead changes nothing"
    net(X, small)
    assert norm.running_mean[:2].all()
    assert not norm.running_mean[2:].any()
    assert norm.num_batches_tracked == 1
    before = norm.running_mean.clone()
    net.eval()(X, small)
    assert torch.equal(norm.running_mean, before)


def test_copies_share_nothing():
    decision, by_hand = kernels()
    net = network(decision)
    (row,) = net.scope.table.values()
    small = {row.group: Gate(active=np.array([[False, True, False]]))}
    other = copy.deepcopy(net)
    with torch.no_grad():
        other.net.body.weight.zero_()
    assert not other(X, small).any()
    assert torch.allclose(net(X, small), by_hand("3"), atol=1e-10)


BAD = [
    (Choose, "at least 1 module"),
    (lambda: Choose({"a b": nn.Identity()}), "'a b' as a name"),
    (lambda: Choose({"a.b": nn.Identity()}), "'a.b' as a name"),
    (lambda: Choose(forward=nn.Identity()), "'forward' as a name"),
    (lambda: Choose(keep=nn.Identity()), "every Choose has an attribute 'keep'"),
    (lambda: Choose({3: nn.Identity()}), "3 as a name"),
    (lambda: Choose(a=torch.relu), "give an nn.Module"),
    (lambda: Repeat(lambda i: nn.Identity(), ()), "distinct whole numbers of at least 0"),
    (lambda: Repeat(lambda i: nn.Identity(), (1, 1)), "distinct"),
    (lambda: Repeat(lambda i: nn.Identity(), "12"), "distinct whole numbers"),
    (lambda: Repeat(lambda i: i, (1,)), "a module as layer 0"),
    (lambda: Width(lambda w: nn.Linear(w, 1), (0, 1)), "sizes of a Width .* at least 1"),
    (lambda: Width(lambda w: nn.Linear(w, 1), 3), "sizes of a Width"),
    (lambda: Width(lambda w: nn.Linear(w, 1), (1.5,)), "sizes of a Width"),
    (lambda: Width(lambda w: w, (1, 2)), "a module of size 2"),
    (lambda: Width(lambda w: nn.Linear(9 - w, 1), (1, 2)), r"'weight' of \(1, 8\) at 1, of \(1, 7\) at 2"),
    (lambda: Kernel(lambda k: nn.Sequential(*[nn.Linear(1, 1)] * (4 - k)), (1, 3)), "'1.weight' .* not"),
]


@pytest.mark.parametrize(("make", "holds"), BAD)
def test_bad_input_is_refused_in_one_line(make, holds):
    with pytest.raises(BadValue, match=holds) as error:
        make()
    assert "\n" not in str(error.value)
