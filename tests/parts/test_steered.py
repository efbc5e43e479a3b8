"""The steered sampler: its odds against the formula, what it learns from, and a run that uses both parts."""

from collections import Counter
from types import SimpleNamespace

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine import toys
from tests.oracles import predictors as oracle

from gapless.core import Streams
from gapless.engine.check import conflicts
from gapless.parts.observe.sub_scores import CODES, SCORES, SubScores, scored
from gapless.parts.sample.steered import Steered, chances
from gapless.parts.sample.uniform import Uniform
from gapless.spaces.chain import Chain
from gapless.testing.methods import advance, differing, reopened

from .test_uniform import key

LAYERS = Chain(("identity", "k3e1", "k3e2"), (1, 1, 1), (1, 1, 1), head=1).choices


def having(scores_of, n=60, choices=LAYERS):
    """A run in which the observer found these scores of the first architectures."""
    archs = [choices.at(i % choices.size()) for i in range(n)]
    codes = torch.tensor(np.array([choices.encode(arch) for arch in archs], dtype=np.float32))
    return SimpleNamespace(
        choices=choices, extra={CODES: codes, SCORES: torch.tensor([scores_of(arch) for arch in archs])}
    )


@settings(derandomize=True, deadline=None)
@given(st.lists(st.floats(-5, 5), min_size=1, max_size=8), st.floats(0.2, 5))
def test_chances(m, temperature):
    np.testing.assert_allclose(chances(np.array(m), temperature), oracle.chances(m, temperature), atol=1e-10)
    np.testing.assert_allclose(chances(np.array([1e6, 0.0]), 0.1), [1, 0])


def test_better_sub_networks_train_more_often():
    run = having(lambda arch: float(arch.option("layer1") == "k3e2"))
    drawn = Counter()
    for step in range(150):
        (active,) = Steered(temperature=0.3)(run, Streams(0).generator("sample", step))
        drawn[LAYERS.groups()[0].options[int(active["layers"][1].argmax())]] += 1
    assert drawn["k3e2"] > 135, "9 in 10 and more, where a uniform draw has 1 in 3"


def test_at_a_high_temperature_and_before_scores_it_is_uniform():
    def all_of(sampler, run):
        keys = (key(sampler(run, Streams(0).generator("sample", step))[0]) for step in range(300))
        return Counter(keys)

    few = having(lambda arch: 1.0 * (arch.option("layer1") == "k3e2"), n=15)
    uniform = all_of(Uniform(), few)
    assert all_of(Steered(), few) == uniform
    flat = all_of(
        Steered(temperature=1e9, candidates=2), having(lambda arch: float(arch.option("layer0") == "k3e1"))
    )
    assert len(flat) == 27
    assert max(flat.values()) < 30


def test_scores_of_another_space_are_not_learnt_from():
    smaller = LAYERS.without({(("layer0",), "identity")})
    run = having(lambda arch: 1.0)
    run.choices = smaller
    assert len(scored(run)[1]) == 0
    assert len(Steered()(run, Streams(0).generator("sample"))) == 1


def test_the_observer_scores_sub_networks_and_a_resumed_run_is_the_same():
    stage = {"sample": Steered(least=4), "observe": (SubScores(architectures=4, kept=7),)}
    run = toys.run(method="spos", epochs=2, **stage)
    assert advance(run) is not None
    x, y = scored(run)
    assert x.shape == (7, len(run.choices.encode(run.choices.at(0))))
    assert ((y >= 0) & (y <= 1)).all()
    assert all(0 <= row["sub_accuracy"] <= 1 for row in run.trace)
    half = toys.run(method="spos", epochs=2, **stage)
    advance(half, len(y))
    again = reopened(half)
    advance(again)
    assert differing(again, run) == []


def test_conflicts():
    def said(**settings):
        return conflicts(toys.recipe("spos", **settings), toys.CHAIN[0])

    assert said(sample=Steered(), observe=(SubScores(),)) == []
    assert any("sub-scores" in line for line in said(sample=Steered()))
    assert any(
        "temperature > 0" in line for line in said(sample=Steered(temperature=0.0), observe=(SubScores(),))
    )
