"""Greedy edges of SGAS against plain Python: scores, times, and the order of decisions."""

import numpy as np
import pytest
from tests.engine import toys
from tests.nn.models import IMAGE, Net, inverted
from tests.oracles import sgas as oracle

import gapless.methods
from gapless.core import Arch, Progress
from gapless.engine.check import conflicts
from gapless.nn import Repeat
from gapless.parts.mask.greedy_edge import GreedyEdge
from gapless.parts.mask.strongest import Strongest
from gapless.parts.mask.sureness import certainty, norm, score, stability
from gapless.spaces import from_module
from gapless.spaces.darts import Darts
from gapless.testing.methods import advance, differing, reopened, started

EXACT = 1e-10
NAMES = ("none", "a", "b", "c")


class At:
    """A run of which only the choices and the place are looked at."""

    def __init__(self, choices, epochs=50):
        self.choices, self.epochs, self.extra = choices, epochs, {}

    def after(self, epoch):
        self.progress = Progress(epoch, self.epochs, epoch, self.epochs)
        return self


def rows(table, names=NAMES):
    return [dict(zip(names, row, strict=True)) for row in table.tolist()]


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("earlier", [None, 0, 1, 4])
def test_scores(seed, earlier):
    rng = np.random.default_rng(seed)
    now = rng.dirichlet(np.ones(4), 6)
    past = None if earlier is None else rng.dirichlet(np.ones(4), (earlier, 6))
    shares = (
        None if past is None else [p[:, 1:] / p[:, 1:].sum(-1, keepdims=True) for p in past.swapaxes(0, 1)]
    )
    found = score([row[1:] for row in now], shares)
    expected = oracle.scores(rows(now), None if past is None else [rows(then) for then in past])
    assert np.abs(found - expected).max() < EXACT


def test_ends_of_the_factors():
    assert norm(np.array([2.0, 2.0])).tolist() == [1, 1]
    assert certainty(np.array([1.0])) == certainty(np.array([0.0, 1.0])) == 1
    assert certainty(np.full(4, 0.25)) == pytest.approx(0)
    assert stability(np.array([0.3, 0.7]), np.array([[0.3, 0.7]] * 3)) == pytest.approx(1)


def test_times_as_published():
    choices, rng, times = Darts().choices, np.random.default_rng(0), {"normal": [], "reduce": []}
    run, part = At(choices), GreedyEdge()
    for epoch in range(1, 51):
        gates = {g.name: rng.dirichlet(np.ones(8), len(g.rows)) for g in run.choices.groups()}
        gates = {
            g.name: np.where(g.mask, gates[g.name][:, : g.mask.shape[1]], 0) for g in run.choices.groups()
        }
        before = decided(run.choices)
        run.choices = part(run.after(epoch), gates) or run.choices
        for kind, when in times.items():
            when.extend([epoch] * (len(decided(run.choices)[kind]) - len(before[kind])))
    assert times == {"normal": oracle.epochs(), "reduce": oracle.epochs()}
    assert run.choices.size() == 1


def decided(choices):
    """(node, source) of decided edges, for each kind of cell."""
    found = {}
    for group in choices.groups():
        edges = zip(group.rows, group.mask, strict=True)
        found[group.name] = {
            (int(path[0].split("/")[1]), int(path[1])) for path, has in edges if has.sum() == 1
        }
    return found


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("criterion", [1, 2])
def test_decisions_one_by_one(seed, criterion):
    rng, names = np.random.default_rng(seed), ("none", "x", "y", "z")
    choices = Darts(4, names[1:]).choices
    run, part = At(choices), GreedyEdge(criterion)
    edges = [(node, source) for node in range(2, 6) for source in range(node)]
    left, order, past, alpha = dict.fromkeys(edges), [], [], rng.standard_normal((14, 4))
    for epoch in range(1, 51):
        alpha = alpha + 0.3 * rng.standard_normal(alpha.shape)
        whole = np.exp(alpha) / np.exp(alpha).sum(1, keepdims=True)
        table, (group, other) = {}, run.choices.groups()
        for each in (group, other):
            here = [edges.index((int(p[0].split("/")[1]), int(p[1]))) for p in each.rows]
            columns = [names.index(o) for o in each.options]
            table[each.name] = np.where(each.mask, whole[np.ix_(here, columns)], 0.0)
        undecided = [e for e in left if e not in order]
        now = dict(zip(edges, rows(whole, names), strict=True))
        run.choices = part(run.after(epoch), table) or run.choices
        if epoch in oracle.epochs():
            before = [[then[e] for e in undecided] for then in past[-4:]]
            scores = oracle.scores([now[e] for e in undecided], None if criterion == 1 else before)
            order.append(undecided[int(np.argmax(scores))])
            sources, order = oracle.decide(range(2, 6), order)
            left = {e: None for e in edges if e[1] in sources[e[0]]}
        past.append(now)
        assert decided(run.choices)["normal"] == set(order)
        assert {(int(p[0].split("/")[1]), int(p[1])) for p in run.choices.groups()[0].rows} == set(left)
    assert len(order) == 8


def test_what_is_decided_is_the_strongest_that_may_be():
    choices = Darts(1, ("x", "y")).choices
    gates = {kind: np.array([[0.6, 0.1, 0.3], [0.6, 0.3, 0.1]]) for kind in ("normal", "reduce")}
    found = GreedyEdge()(At(choices).after(50), gates)
    picks = {"0": {"op": "y"}, "1": {"op": "x"}}
    assert Strongest()(found, {k: np.ones((2, 2)) for k in gates}) == Arch.of(
        {f"{kind}/2": picks for kind in gates}
    )
    assert found.size() == 1
    assert GreedyEdge()(At(choices).after(9), gates) is None


@pytest.mark.parametrize("tiny", [toys.CHAIN, toys.DARTS], ids=["chain", "darts"])
def test_in_a_search_with_a_resume(tiny):
    recipe = toys.recipe(epochs=6, mask=GreedyEdge(2))
    whole, half = started(recipe, tiny), started(recipe, tiny)
    advance(half, 10)
    again = reopened(half)
    assert not differing(half, again)
    arch = advance(whole)
    assert advance(again) == arch
    assert not differing(whole, again)
    assert whole.choices.size() == 1
    assert arch in whole.space.choices


def test_as_published():
    for number in (1, 2):
        (stage,) = gapless.methods.get(f"sgas-{number}").stages
        assert (stage.epochs, stage.mask) == (50, GreedyEdge(number, 0.2, 0.9, 4))


def test_it_needs_a_relaxation():
    nested = from_module(Net(IMAGE, 4, op=Repeat(lambda i: inverted(4, (2, 4), (3,)), (0, 1))))
    assert "'greedy edge' decides edges" in " ".join(
        conflicts(gapless.methods.get("sgas-1", "quick"), nested)
    )
    assert "'greedy edge' compares" in conflicts(toys.recipe("spos", mask=GreedyEdge()), toys.CHAIN[0])[0]
