"""Constants of the methods that change how alpha and omega move, against papers and code; their switches."""

from dataclasses import replace

import pytest

import gapless.methods
from gapless.core import Progress, at
from gapless.core.errors import BadValue
from gapless.data.policy import AutoAugment
from gapless.job.settings import spread
from gapless.methods.one_level import one_level
from gapless.parts.update.formula import Formula
from gapless.parts.update.matrix import Hessian, Identity
from gapless.parts.update.product import Difference

DARTS = gapless.methods.get("darts")


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("amended-darts", Formula(0.0, 1.0, 0.1, Hessian(), "w", Difference(0.01))),
        ("milenas", Formula(1.0, 1.0, 0.0)),
        ("milenas-2nd", Formula(1.0, 1.0, "lr", Identity(), "ahead", Difference(0.01))),
    ],
)
def test_rules_as_published(name, rule):
    recipe = gapless.methods.get(name)
    assert recipe.stages == (replace(DARTS.stages[0], update=rule),)
    for part in ("weights", "alphas", "batch", "select", "pooled"):
        assert getattr(recipe, part) == getattr(DARTS, part)


@pytest.mark.parametrize("name", ["sdarts-rs", "sdarts-adv"])
def test_perturbations_as_published(name):
    recipe = gapless.methods.get(name)
    (part,) = recipe.stages[0].perturb
    assert replace(recipe.stages[0], perturb=()) == DARTS.stages[0]
    radii = [at(part.radius, Progress(9 * epoch, 450, epoch, 50)) for epoch in (0, 25, 50)]
    assert radii == pytest.approx([0.03, 0.165, 0.3])
    assert getattr(part, "steps", 7) == 7


def test_one_level_sees_every_image_and_has_its_switches():
    recipe = gapless.methods.get("one-level")
    assert recipe.learns_from == ("train", "val")
    assert recipe.augment == (AutoAugment("cifar10"),)
    assert recipe.stages[0].dropout == 0.0
    switched = one_level(auto_augment=False, dropout=0.3)
    assert (switched.augment, switched.stages[0].dropout) == ((), 0.3)
    set_ = spread((("augment", "()"), ("dropout", "0.3")), {"recipe": recipe})["recipe"]
    assert set_ == switched
    assert set_.fingerprint == switched.fingerprint != recipe.fingerprint


def test_rules_can_be_set():
    recipe = gapless.methods.get("amended-darts")

    def rule(*sets):
        return spread(sets, {"recipe": recipe})["recipe"].stages[0].update

    assert rule(("update.c", "0.5"), ("update.product.radius", "0.1")) == Formula(
        c=0.5, matrix=Hessian(), product=Difference(0.1)
    )
    assert rule(("update.c", "lr"), ("update.point", "ahead")).point == "ahead"
    with pytest.raises(BadValue, match="'w' or 'ahead'"):
        rule(("update.point", "behind"))
