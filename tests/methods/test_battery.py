"""Every method in every preset passes the shipped battery, and the battery catches broken ones."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
import torch

import gapless.methods
from gapless.nets.descent import Descent
from gapless.parts.update.bilevel import Bilevel
from gapless.testing import methods as battery

RECIPES = [(name, preset) for name in gapless.methods.names() for preset in gapless.methods.PRESETS]


@pytest.mark.parametrize("check", battery.checks, ids=lambda check: check.__name__)
@pytest.mark.parametrize(("name", "preset"), RECIPES, ids=map("-".join, RECIPES))
def test_holds(name, preset, check):
    recipe = gapless.methods.get(name, preset)
    assert recipe.name == name
    check(recipe)


# -- the battery catches what is broken ---------------------------------------------------------------

DARTS = gapless.methods.get("darts", "quick")


def with_update(update):
    return replace(DARTS, stages=(replace(DARTS.stages[0], update=update),))


@dataclass(frozen=True)
class Restless:
    """Its alpha step counts in running statistics."""

    def init(self, run):
        return {}

    def step(self, run, train, val):
        if run.alpha_moves:
            run.net(val[0], run.mix())
        return Bilevel().step(run, train, val)


@dataclass(frozen=True)
class Forgetful:
    """Remembers the last loss where no checkpoint looks."""

    memory: list = field(default_factory=lambda: [0.0], hash=False, compare=False)

    def init(self, run):
        self.memory[0] = 0.0
        return {}

    def step(self, run, train, val):
        with torch.no_grad():
            run.net.classifier.bias.add_(1e-3 * self.memory[0])
        scalars = Bilevel().step(run, train, val)
        self.memory[0] = float(scalars["train_loss"])
        return scalars


@dataclass(frozen=True)
class Deaf:
    """Says a loss of zero whatever it is, and keeps alpha looking well."""

    def init(self, run):
        return {}

    def step(self, run, train, val):
        said = Bilevel().step(run, train, val)
        with torch.no_grad():
            for table in run.alpha.values():
                table.nan_to_num_()
        return {name: torch.zeros_like(value) for name, value in said.items()}


@dataclass(frozen=True)
class Greedy:
    """Gives alpha to the optimizer of the weights."""

    def init(self, run):
        run.weights = Descent(run.weights.named | run.alpha, run.recipe.weights)
        return {}

    def step(self, run, train, val):
        return Bilevel().step(run, train, val)


@dataclass(frozen=True)
class Moody:
    """Draws from a generator of its own, so that no seed decides."""

    def init(self, run):
        return {}

    def step(self, run, train, val):
        with torch.no_grad():
            run.net.classifier.bias.add_(float(np.random.default_rng().normal()))
        return Bilevel().step(run, train, val)


class Loose:
    """An update that is no dataclass."""

    def init(self, run):
        return {}

    def step(self, run, train, val):
        return Bilevel().step(run, train, val)


BROKEN = {
    "a name with capitals": (battery.named, "not a method's name", replace(DARTS, name="DARTS")),
    "a name with an underscore": (battery.named, "not a method's name", replace(DARTS, name="darts_2")),
    "no title": (battery.named, "title of one line", replace(DARTS, title="")),
    "no equation": (battery.described, "equation of one line", replace(DARTS, equation="")),
    "no reference": (battery.described, "needs a reference", replace(DARTS, reference=None)),
    "no venue": (
        battery.described,
        "lacks its venue",
        replace(DARTS, reference=replace(DARTS.reference, venue=" ")),
    ),
    "an unknown term": (battery.described, "the gap does not have", replace(DARTS, terms=("rounding",))),
    "half a sentence": (
        battery.described,
        "deviations as sentences",
        replace(DARTS, deviations=("as published",)),
    ),
    "no dataclass": (battery.comparable, "not equal to it", with_update(Loose())),
    "restless": (battery.statistics, "changes running statistics", with_update(Restless())),
    "forgetful": (battery.resumes, "differs in", with_update(Forgetful())),
    "deaf": (battery.diverges, "went on", with_update(Deaf())),
    "greedy": (battery.alpha_apart, "among the weights", with_update(Greedy())),
    "moody": (battery.seeds, "one seed, two results", with_update(Moody())),
}


@pytest.mark.parametrize("case", BROKEN)
def test_catches(case):
    check, words, recipe = BROKEN[case]
    with pytest.raises(AssertionError, match=words):
        check(recipe)


def test_a_part_that_can_be_changed_is_caught():
    @dataclass(eq=True, unsafe_hash=True)
    class Open:
        order: int = 1

        def init(self, run):
            return {}

    with pytest.raises(AssertionError, match=r"Open\.order of 'darts' can be changed"):
        battery.frozen(with_update(Open()))


def test_a_method_that_runs_nowhere_is_said():
    with pytest.raises(AssertionError, match=r"runs on no tiny space: .*'bilevel' needs a relaxation"):
        battery.alpha_apart(replace(DARTS, stages=(replace(DARTS.stages[0], relax=None),)))
