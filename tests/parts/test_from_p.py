"""Drawing from p: probabilities against the oracle, frequencies against the probabilities."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import chi2
from tests.oracles import paths as oracle

import gapless.methods
from gapless.core import Choice, Space, Streams
from gapless.engine.check import conflicts
from gapless.parts.sample.chance import draw, log_chance
from gapless.parts.sample.from_p import FromP
from gapless.spaces.chain import Chain
from gapless.spaces.darts import Darts
from gapless.testing.methods import SPACES, shortened, started

from .views import view

EXACT = 1e-10
ERROR = 1e-6
CELL = Darts(2, ("skip_connect", "sep_conv_3x3"))
LAYERS = Chain(("identity", "k3e1", "k3e2"), (1, 1), (1, 1), head=1)


def fits(counts, chances):
    """Chi-square; a right sampler fails with probability 1e-6."""
    n = sum(counts.values())
    assert set(counts) <= set(chances)
    statistic = sum((counts[key] - n * p) ** 2 / (n * p) for key, p in chances.items())
    return statistic < chi2.isf(ERROR, len(chances) - 1)


def gates(choices, seed=0):
    rng = np.random.default_rng(seed)
    return {g.name: rng.dirichlet(np.ones(len(g.options)), len(g.rows)) for g in choices.groups()}


def tensors(tables):
    return {name: torch.from_numpy(table) for name, table in tables.items()}


def of_cell(arch, tables):
    """The oracle's probability of an architecture of the cell space; column 0 is ``none``."""
    chance = 1.0
    for kind in ("normal", "reduce"):
        for node, rows in ((2, slice(0, 2)), (3, slice(2, 5))):
            picked = sorted(
                (int(s), CELL.operations.index(inner.option("op")))
                for s, inner in arch[f"{kind}/{node}"].items()
            )
            chance *= oracle.node(tables[kind][rows, 1:])[tuple(picked)]
    return chance


def test_probabilities_of_a_cell():
    tables, rng = gates(CELL.choices), Streams(0).generator("some")
    for _ in range(30):
        arch = CELL.choices.sample(rng)
        found = log_chance(CELL.choices, tensors(tables), arch).exp().item()
        assert abs(found - of_cell(arch, tables)) < EXACT * found


def test_probabilities_of_a_chain_add_up_to_one():
    tables, total = gates(LAYERS.choices), 0.0
    for arch in LAYERS.choices:
        found = log_chance(LAYERS.choices, tensors(tables), arch).exp().item()
        picks = [LAYERS.options.index(arch.option(f"layer{i}")) for i in range(2)]
        assert abs(found - oracle.chain(tables["layers"], picks)) < EXACT
        total += found
    assert abs(total - 1) < EXACT


def test_a_leaf_that_picks_two():
    choices = Space((Choice("a", dict.fromkeys("xyz"), pick=2),))
    tables = gates(choices)
    row, total = tables["a"][0], 0.0
    for arch in choices:
        found = log_chance(choices, tensors(tables), arch).exp().item()
        a, b = ("xyz".index(o) for o in arch["a"])
        assert abs(found - oracle.pair(row, a, b)) < EXACT
        total += found
    assert abs(total - 1) < EXACT


def test_frequencies_of_a_node():
    tables, counts = gates(CELL.choices, 1), Counter()
    for step in range(2000):
        (active,) = FromP()(view(CELL.choices, tables), Streams(0).generator("sample", step))
        rows = active["normal"][2:5, 1:]
        counts[tuple((int(s), int(o)) for s, o in zip(*np.nonzero(rows), strict=True))] += 1
    chances = oracle.node(tables["normal"][2:5, 1:])
    assert fits(counts, chances)
    assert not fits(counts, oracle.node(tables["normal"][[3, 2, 4], 1:])), "the test cannot tell"


def test_frequencies_of_a_chain_and_n_of_them():
    tables, counts = gates(LAYERS.choices, 2), Counter()
    for step in range(1000):
        for active in FromP(2)(view(LAYERS.choices, tables), Streams(1).generator("sample", step)):
            counts[tuple(int(o) for o in active["layers"].argmax(1))] += 1
    chances = {(a, b): oracle.chain(tables["layers"], (a, b)) for a in range(3) for b in range(3)}
    assert sum(counts.values()) == 2000
    assert fits(counts, chances)


def test_what_has_no_strength_is_drawn_only_where_nothing_else_is():
    tables = {"layers": np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]])}
    seen = set()
    for step in range(60):
        arch = draw(LAYERS.choices, tables, Streams(0).generator("sample", step))
        assert arch.option("layer0") == "k3e1"
        seen.add(arch.option("layer1"))
    assert seen == set(LAYERS.options)


def test_its_gradient_is_that_of_the_expectation():
    """sum_a P(a) R(a) grad log P(a) against differences of sum_a P(a) R(a)."""
    choices, rng = CELL.choices, np.random.default_rng(3)
    some = [choices.sample(Streams(5).generator("some", i)) for i in range(6)]
    rewards = rng.random(len(some))
    alpha = {g.name: rng.standard_normal(g.mask.shape) for g in choices.groups()}

    def value(at):
        p = {name: np.array([oracle.softmax(row) for row in table]) for name, table in at.items()}
        return sum(r * of_cell(arch, p) for r, arch in zip(rewards, some, strict=True))

    moving = {name: torch.from_numpy(table).requires_grad_() for name, table in alpha.items()}
    p = {name: torch.softmax(table, -1) for name, table in moving.items()}
    logs = torch.stack([log_chance(choices, p, arch) for arch in some])
    loss = (logs.exp().detach() * torch.from_numpy(rewards) * logs).sum()
    slopes = dict(zip(moving, torch.autograd.grad(loss, list(moving.values())), strict=True))
    for where in (("normal", 0, 1), ("normal", 3, 0), ("reduce", 4, 2)):
        sides = []
        for h in (1e-5, -1e-5):
            shifted = {name: table.copy() for name, table in alpha.items()}
            shifted[where[0]][where[1:]] += h
            sides.append(value(shifted))
        assert abs(slopes[where[0]][where[1:]].item() - (sides[0] - sides[1]) / 2e-5) < 1e-9


@pytest.mark.parametrize("tiny", SPACES, ids=["chain", "darts"])
def test_in_a_search(tiny):
    recipe = shortened(gapless.methods.get("darts", "quick"))
    recipe = replace(recipe, stages=(replace(recipe.stages[0], sample=FromP()),))
    assert conflicts(recipe, tiny[0]) == []
    run = started(recipe, tiny)
    (mix,) = run.paths()
    arch = draw(run.choices, run.gates(), run.streams.generator("sample"))
    assert all(np.array_equal(mix[n].active, t) for n, t in run.choices.active(arch).items())
    run.step()


def test_it_needs_a_relaxation():
    recipe = gapless.methods.get("spos", "quick")
    recipe = replace(recipe, stages=(replace(recipe.stages[0], sample=FromP()),))
    assert "'from-p' draws by the strengths" in conflicts(recipe, SPACES[0][0])[0]


@pytest.mark.parametrize("method", ["ddpnas", "proxylessnas-rl"])
def test_a_free_number_of_picks_is_refused(method):
    """Drawing all of ten options has 10! orders."""
    lines = conflicts(gapless.methods.get(method), gapless.spaces.get("gold-nas"))
    assert any("picks 1 to" in line for line in lines)
