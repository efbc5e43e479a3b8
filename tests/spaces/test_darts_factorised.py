"""The DARTS space times activations: exact sizes, costs, text, what is refused, and a search on it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.oracles import factorised as oracle

import gapless.methods
from gapless.core import Arch, Streams
from gapless.core.errors import BadValue, UnknownName
from gapless.data.shape import ImageShape
from gapless.nets.cost import by_option, count
from gapless.nets.gate import onehot
from gapless.spaces.contract import Shape, inherit, subnet
from gapless.spaces.darts import Darts
from gapless.spaces.darts_factorised import DartsFactorised
from gapless.testing.methods import advance, differing, reopened, shortened, started

SPACE, PLAIN = DartsFactorised(), Darts()
SHAPE, IMAGE = Shape(4, 3, affine=False, pool_norm=True), ImageShape(3, 8, 8, 10)
TINY = DartsFactorised(
    nodes=2, operations=("max_pool_3x3", "skip_connect", "dil_conv_3x3"), activations=("relu", "swish")
)


def test_sizes():
    assert SPACE.size() == oracle.size(4, 7, 4) ** 2 == PLAIN.size() * 4**16
    assert TINY.size() == oracle.size(2, 3, 2) ** 2
    names = [(g.name, len(g.rows), len(g.options)) for g in SPACE.choices.groups()]
    assert sorted(names) == [
        ("normal", 14, 8), ("normal-activation", 14, 4), ("reduce", 14, 8), ("reduce-activation", 14, 4),
    ]  # fmt: skip


def test_it_costs_what_the_operations_cost():
    """M + N, not M N: parameters and multiplications of the DARTS super-network."""
    ours, theirs = SPACE.network(SPACE.choices, SHAPE, IMAGE), PLAIN.network(PLAIN.choices, SHAPE, IMAGE)
    assert count(ours, IMAGE) == count(theirs, IMAGE)
    assert set(ours.state_dict()) == set(theirs.state_dict())
    tables, plain = by_option(ours, IMAGE, SPACE.choices), by_option(theirs, IMAGE, PLAIN.choices)
    for kind in ("macs", "params"):
        assert np.array_equal(tables[kind]["normal"], plain[kind]["normal"])
        assert not tables[kind]["reduce-activation"].any()


def identities(arch):
    """The architecture of the plain space that has the same operations."""
    return Arch.of({
        choice: {s: {"op": inner.option("op")} for s, inner in arch[choice].items()}
        for choice in (f"{kind}/{node}" for kind in ("normal", "reduce") for node in range(2, 6))
    })  # fmt: skip


def test_without_activations_it_is_the_darts_space():
    space = DartsFactorised(activations=("identity",))
    arch = space.choices.sample(Streams(2).generator("arch"))
    nets = subnet(space, arch, SHAPE, IMAGE), subnet(PLAIN, identities(arch), SHAPE, IMAGE)
    ours, theirs = (net.double() for net in nets)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    with torch.no_grad():
        torch.testing.assert_close(ours(x), theirs(x), rtol=0, atol=1e-9)


def test_the_activation_matters():
    """ReLU6 is ReLU where nothing reaches 6, so it is left out."""
    net = SPACE.network(SPACE.choices, SHAPE, IMAGE).eval()
    logits = []
    for name in ("identity", "relu", "swish"):
        one = SPACE.choices.restrict(lambda path, option, n=name: path[-1] != "act" or option == n)
        arch = one.sample(Streams(2).generator("arch"))
        x = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
        with torch.no_grad():
            logits.append(net(x, onehot(SPACE.choices, arch)))
            child = inherit(SPACE, net, arch, SHAPE, IMAGE)
            torch.testing.assert_close(child(x), logits[-1], rtol=0, atol=1e-5)
    assert all((a - b).abs().max() > 1e-4 for i, a in enumerate(logits) for b in logits[:i])


def test_text_and_drawing():
    arch = TINY.choices.at(0)
    text = TINY.text(arch)
    assert text.startswith("normal: 2<-0 max_pool_3x3 relu, 2<-1 max_pool_3x3 relu, 3<-")
    (normal, reduction) = TINY.drawing(arch)
    assert (normal["title"], reduction["title"]) == ("normal cell", "reduction cell")
    assert normal["edges"][0]["label"] == "max_pool_3x3 relu"


def test_what_is_refused():
    with pytest.raises(UnknownName, match="did you mean 'swish'"):
        DartsFactorised(activations=("relu", "swich"))
    with pytest.raises(BadValue, match="depth"):
        SPACE.network(SPACE.choices, Shape(16), IMAGE)
    with pytest.raises(BadValue, match="multiple of 3"):
        SPACE.network(SPACE.choices, replace(SHAPE, partial=3), IMAGE)


@pytest.mark.parametrize("method", ["factorizable", "da2s"])
def test_a_search_moves_both_gates_and_resumes(method):
    recipe, tiny = shortened(gapless.methods.get(method, "quick")), (TINY, SHAPE)
    recipe = replace(recipe, stages=(replace(recipe.stages[0], freeze_alpha=0.0),))
    whole, half = started(recipe, tiny), started(recipe, tiny)
    before = {name: table.detach().clone() for name, table in whole.alpha.items()}
    arch = advance(whole)
    assert arch in TINY.choices
    assert all(not torch.equal(table, before[name]) for name, table in whole.alpha.items())
    advance(half, 2)
    again = reopened(half)
    assert advance(again) == arch
    assert differing(whole, again) == []
