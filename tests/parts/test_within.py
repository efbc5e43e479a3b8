"""Within: a step of another rule, then the projection onto a box."""

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.quadratic import TRAIN, VAL
from tests.oracles import bilevel as oracle

import gapless.methods
from gapless.engine.check import conflicts
from gapless.parts.update.bilevel import Bilevel
from gapless.parts.update.formula import Formula
from gapless.parts.update.within import Within
from gapless.testing.methods import SPACES

from .test_formula import drawn, near


@pytest.mark.parametrize(
    ("rule", "gradient"),
    [(Bilevel(), oracle.first_order), (Formula(train=1.0, val=0.0), oracle.one_level)],
)
def test_a_step_and_the_projection(rule, gradient):
    for seed in range(10):
        view, q, w, a = drawn(seed)
        scalars = Within(rule, -0.3, 0.4).step(view, TRAIN, VAL)
        free = a - 0.1 * gradient(q, w, a)
        near(view.alpha["a"].flatten(), np.clip(free, -0.3, 0.4))
        assert "train_loss" in scalars


def test_conflicts_are_those_of_the_rule_and_its_own():
    recipe = gapless.methods.get("nasp", "quick")

    def lines(**stage):
        stages = (replace(recipe.stages[0], **stage),)
        return conflicts(replace(recipe, stages=stages), SPACES[0][0])

    assert lines() == []
    (line,) = lines(update=Within(Bilevel(), 1.0, 0.0))
    assert "low below high" in line
    assert any("'bilevel' needs a relaxation" in line for line in lines(relax=None))
