"""Inherited sampling is uniform among the architectures that contain a given one."""

from collections import Counter
from dataclasses import replace

import pytest

import gapless.methods
from gapless.core import Arch, Streams
from gapless.engine.check import conflicts
from gapless.parts.sample.inherited import Inherited
from gapless.spaces.chain import Chain
from gapless.spaces.darts import Darts
from gapless.testing.methods import SPACES, advance, shortened, started

from .test_uniform import fits_uniform, key
from .views import view

LAYERS = Chain(("identity", "k3e1", "k3e2"), (1, 1, 1), (1, 1, 1), head=1).choices
CELL = Darts(2, ("skip_connect", "sep_conv_3x3")).choices
NODE2 = {"0": {"op": "skip_connect"}, "1": {"op": "skip_connect"}}
PARTS = {
    "nothing": (LAYERS, Arch()),
    "a layer": (LAYERS, Arch.of({"layer1": "k3e2"})),
    "an edge": (
        CELL,
        Arch.of({"normal/2": NODE2, "reduce/2": NODE2, "reduce/3": {"2": {"op": "sep_conv_3x3"}}}),
    ),
}


def contains(arch, part):
    return all(
        option in arch[choice] and contains(arch[choice][option], inner)
        for choice in part
        for option, inner in part[choice].items()
    )


@pytest.mark.parametrize("name", PARTS)
def test_every_architecture_around_it_is_equally_likely(name):
    choices, part = PARTS[name]
    around = {key(choices.active(arch)) for arch in choices if contains(arch, part)}
    draws = [
        key(active)
        for step in range(10 * len(around))
        for active in Inherited(part, 4)(view(choices), Streams(0).generator("sample", step))
    ]
    assert set(draws) <= around
    assert fits_uniform(list(Counter(draws).values()), len(around))
    uneven = [draw for draw in draws if draw not in sorted(around)[::8]]
    assert not fits_uniform(list(Counter(uneven).values()), len(around)), "the test cannot tell"


def searched(part):
    recipe = shortened(gapless.methods.get("spos", "quick"))
    return replace(recipe, stages=(replace(recipe.stages[0], sample=Inherited(part)),))


def test_in_a_search():
    recipe = searched(Arch.of({"layer1": "k3e2"}))
    assert conflicts(recipe, SPACES[0][0]) == []
    run = started(recipe, SPACES[0])
    (mix,) = run.paths()
    assert mix["layers"].active[1].tolist() == [False, False, True]
    assert advance(run) in run.space.choices


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (Arch.of({"layer7": "k3e2"}), "'layer7', which is no choice"),
        (Arch.of({"layer1": "k9e2"}), "'k9e2' at 'layer1', which is not an option"),
        (Arch.of({"layer1": ["k3e1", "k3e2"]}), "2 picks at 'layer1', where an architecture has 1"),
    ],
)
def test_what_no_architecture_contains_is_said(part, words):
    assert words in conflicts(searched(part), SPACES[0][0])[0]
