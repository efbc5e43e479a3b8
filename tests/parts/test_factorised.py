"""Gates of operations and of activations, whose product weighs pairs, against the list of all pairs."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.oracles import factorised as oracle

import gapless.spaces
from gapless.core import Linear, Progress, Streams
from gapless.parts.relax.edge_product import EdgeProduct
from gapless.parts.relax.factorised import Factorised, further
from gapless.spaces.darts_factorised import DartsFactorised

RNG = Streams(0).generator("unused")
SPACE = DartsFactorised(none=False)


def drawn(choices, seed, scale=1.0):
    draw = np.random.default_rng(seed)
    tables = Factorised().init(choices, Streams(0).generator("alpha"))
    return {
        name: torch.from_numpy(scale * draw.standard_normal(t.shape)).requires_grad_()
        for name, t in tables.items()
    }


@settings(derandomize=True, deadline=None, max_examples=25)
@given(st.integers(0, 2**32), st.sampled_from([1e-3, 1.0, 20.0]), st.floats(0.1, 10))
def test_the_product_is_the_weight_of_a_pair(seed, scale, temperature):
    alpha = drawn(SPACE.choices, seed, scale)
    part, progress = Factorised(temperature=Linear(0.0, 2 * temperature)), Progress(step=1, steps=2)
    mix, strengths = (f(alpha, SPACE.choices, progress) for f in (
        lambda *a: part(*a, RNG), part.strengths))  # fmt: skip
    entered = [2] * 2 + [3] * 3 + [4] * 4 + [5] * 5
    for kind in ("normal", "reduce"):
        first, second = (mix[name].weight.detach().numpy() for name in (kind, f"{kind}-activation"))
        tables = [alpha[f"{kind}{rest}"].detach().numpy() for rest in ("", "|edge", "-activation")]
        expected = oracle.pairs(tables[0], tables[1][:, 0], tables[2], entered, temperature)
        np.testing.assert_allclose(first[:, :, None] * second[:, None, :], expected, rtol=1e-10, atol=1e-300)
        assert torch.equal(strengths[kind], mix[kind].weight)
        assert mix[kind].active is None


def test_slopes_are_those_of_the_pairs():
    """By differences of the oracle."""
    alpha = drawn(SPACE.choices, 4)
    entered, names = [2] * 2 + [3] * 3 + [4] * 4 + [5] * 5, ("normal", "normal|edge", "normal-activation")
    upstream = np.random.default_rng(1).standard_normal((14, 7, 4))
    mix = Factorised()(alpha, SPACE.choices, Progress(), RNG)
    pairs = mix["normal"].weight[:, :, None] * mix["normal-activation"].weight[:, None, :]
    slopes = torch.autograd.grad((pairs * torch.from_numpy(upstream)).sum(), [alpha[n] for n in names])
    for name, slope in zip(names, slopes, strict=True):
        for at in ((0, 0), (3, 0), (13, alpha[name].shape[1] - 1)):
            sides = []
            for h in (1e-6, -1e-6):
                tables = [alpha[n].detach().numpy().copy() for n in names]
                tables[names.index(name)][at] += h
                found = oracle.pairs(tables[0], tables[1][:, 0], tables[2], entered)
                sides.append((found * upstream).sum())
            assert slope[at].item() == pytest.approx((sides[0] - sides[1]) / 2e-6, abs=1e-8)


def test_there_is_one_number_for_each_and_none_for_pairs():
    tables = Factorised().init(DartsFactorised().choices, Streams(3).generator("alpha"))
    shapes = {"": (14, 8), "|edge": (14, 1), "-activation": (14, 4)}
    assert {n: t.shape for n, t in tables.items()} == {
        f"{kind}{rest}": shape for kind in ("normal", "reduce") for rest, shape in shapes.items()
    }


@pytest.mark.parametrize("name", ["darts", "nb201", "chain"])
def test_with_one_choice_on_an_edge_it_is_the_edge_product(name):
    choices = gapless.spaces.get(name).choices
    assert not further(choices)
    alpha = drawn(choices, 1)
    ours, theirs = (p.strengths(alpha, choices, Progress()) for p in (Factorised(), EdgeProduct()))
    assert all(torch.equal(ours[group], theirs[group]) for group in theirs)
