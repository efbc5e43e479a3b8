"""Alpha moves in one step of several, the weights in each."""

from dataclasses import replace

import pytest
import torch

import gapless.methods
from gapless.core.errors import BadValue
from gapless.engine.check import conflicts
from gapless.parts.update.bilevel import Bilevel
from gapless.parts.update.every import Every
from gapless.parts.update.score import Score
from gapless.testing.methods import SPACES, shortened, started


def searching(update, **stage):
    recipe = shortened(gapless.methods.get("darts", "quick")).scaled(4)
    stages = (replace(recipe.stages[0], update=update, **stage),)
    return started(replace(recipe, stages=stages), SPACES[0])


def test_alpha_moves_in_steps_0_n_2n():
    run, moved = searching(Every(3)), []
    for _ in range(7):
        alpha = run.alpha["layers"].detach().clone()
        weight = run.net.classifier.weight.detach().clone()
        run.step()
        moved.append(not torch.equal(run.alpha["layers"], alpha))
        assert not torch.equal(run.net.classifier.weight, weight)
    assert moved == [True, False, False, True, False, False, True]


def test_every_step_is_the_rule_itself():
    run, other = searching(Every(1)), searching(Bilevel())
    for _ in range(3):
        run.step()
        other.step()
    assert torch.equal(run.alpha["layers"], other.alpha["layers"])
    assert all(torch.equal(a, b) for a, b in zip(run.weights.tensors, other.weights.tensors, strict=True))


def test_what_the_rule_carries_is_carried():
    assert list(searching(Every(2, Score())).extra) == list(searching(Score()).extra) != []


def test_what_makes_no_sense_is_said():
    with pytest.raises(BadValue, match="n at least 1"):
        Every(0)
    recipe = gapless.methods.get("spos", "quick")
    recipe = replace(recipe, stages=(replace(recipe.stages[0], update=Every(2)),))
    assert "'bilevel' needs a relaxation" in conflicts(recipe, SPACES[0][0])[0]
