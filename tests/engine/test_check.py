"""The pre-flight check: what does not go together is refused, both sides named, before any compute."""

from dataclasses import dataclass, field, replace

import pytest

import gapless.methods
import gapless.spaces
from gapless.core import Choice, Space
from gapless.core.errors import Incompatible
from gapless.core.training import Optim
from gapless.engine.check import check, conflicts
from gapless.engine.select import Discretize
from gapless.parts.sample.fair import StrictlyFair
from gapless.parts.update.paths import Paths
from gapless.spaces.nb201 import Nb201

from . import toys
from .toys import CHAIN, DARTS


@dataclass(frozen=True)
class Unequal:
    """A space of which only the choices are looked at."""

    name: str = "unequal"
    choices: Space = field(
        default_factory=lambda: Space((Choice("a", dict.fromkeys("xyz")), Choice("b", dict.fromkeys("zw"))))
    )


CASES = {
    "bilevel without relaxation": (
        toys.recipe("darts", relax=None), CHAIN[0], ["'bilevel'", "relaxation"],
    ),
    "paths without sampler": (
        toys.recipe("spos", sample=None), CHAIN[0], ["'paths'", "sampler"],
    ),
    "discretize without relaxation": (
        replace(toys.recipe("spos"), select=Discretize()), CHAIN[0], ["'discretize'", "relaxation"],
    ),
    "a look ahead with another optimizer": (
        replace(toys.recipe("darts-2nd"), weights=Optim("adam")), CHAIN[0], ["order 2", "'sgd'", "'adam'"],
    ),
    "strictly fair on unequal choices": (
        toys.recipe("fairnas"), Unequal(), ["strictly fair", "2 and 3"],
    ),
    "strictly fair in another stage": (
        replace(
            toys.recipe("darts"),
            stages=(
                replace(toys.recipe("darts").stages[0], update=Paths(), sample=StrictlyFair()),
                toys.recipe("darts").stages[0],
            ),
        ),
        Unequal(), ["strictly fair"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_conflicts_are_refused_with_both_sides_named(case):
    recipe, space, words = CASES[case]
    with pytest.raises(Incompatible) as caught:
        check(recipe, space)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    for word in (*words, f"'{recipe.name}'", f"'{space.name}'"):
        assert word in message
    assert message.endswith("change the setting, or choose another method or space")


def test_all_conflicts_are_listed_once():
    recipe = toys.recipe("darts", relax=None)
    recipe = replace(recipe, stages=recipe.stages * 3)
    assert len(conflicts(recipe, CHAIN[0])) == 2


def test_first_order_takes_any_optimizer():
    assert conflicts(replace(toys.recipe("darts"), weights=Optim("adam")), CHAIN[0]) == []


@pytest.mark.parametrize("kind", ["regularize", "perturb", "observe", "mask"])
def test_every_part_of_every_stage_is_asked(kind):
    @dataclass(frozen=True)
    class Fussy:
        def conflicts(self, recipe, stage, choices):
            assert stage in recipe.stages
            assert isinstance(choices, Space)
            yield f"'fussy' and {len(choices.choices)} choices"

    part = Fussy() if kind == "mask" else (Fussy(),)
    assert conflicts(toys.recipe("darts", **{kind: part}), CHAIN[0]) == ["'fussy' and 2 choices"]


def test_partial_channels_want_a_space_that_has_them():
    recipe = toys.recipe("darts", partial=2)
    assert conflicts(recipe, DARTS[0]) == []
    (line,) = conflicts(recipe, CHAIN[0])
    assert "1/2 of the channels" in line
    assert "'chain'" in line
    (line,) = conflicts(recipe, Unequal())
    assert "'unequal'" in line


@pytest.mark.parametrize("method", gapless.methods.names())
def test_published_methods_run_on_shipped_spaces_or_say_why_not(method):
    runs = []
    for name in gapless.spaces.names():
        recipe, space = gapless.methods.get(method), gapless.spaces.get(name)
        lines = conflicts(recipe, space)
        assert all("\n" not in line and len(line) > 20 for line in lines)
        if not lines:
            check(recipe, space)
            runs.append(name)
    assert runs


@dataclass(frozen=True)
class Alone(Nb201):
    shared = False


def test_a_space_without_super_network_is_for_exploring():
    (line,) = conflicts(toys.recipe("darts"), Alone())
    assert "no super-network" in line
    assert "gapless explore" in line
