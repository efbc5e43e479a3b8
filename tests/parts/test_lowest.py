"""The weakest option of each choice is deleted round by round, down to one architecture."""

from dataclasses import replace

import numpy as np
import pytest
from tests.oracles import costs as oracle

import gapless.methods
from gapless.core import Arch, Choice, Space
from gapless.engine.check import conflicts
from gapless.parts.mask.lowest import OPTIONS, Lowest, options_left
from gapless.spaces.darts import Darts
from gapless.testing.methods import SPACES, advance, shortened, started

FAKE = Space(
    (
        Choice("a", dict.fromkeys("xyz"), pick=2, group="g", relaxed_only=("none",)),
        Choice("b", dict.fromkeys("zw"), group="g"),
    )
)


@pytest.mark.parametrize("most", [1, 2, 3, 7, 8])
@pytest.mark.parametrize("epochs", [1, 2, 5, 35, 84, 105])
def test_when(most, epochs):
    assert [options_left(most, e, epochs) for e in range(1, epochs + 1)] == oracle.deletions(most, epochs)
    assert options_left(most, 0, epochs) == most
    assert options_left(most, epochs, epochs) == 1


def test_rounds_of_eight_operations():
    """Three epochs for each of 8, 7, ... 2 options."""
    left = [options_left(8, e, 105) for e in range(106)]
    assert [e for e in range(1, 106) if left[e] < left[e - 1]] == [24, 45, 63, 78, 90, 99, 105]


class View:
    """Of a run: its choices and where it stands."""

    def __init__(self, choices, epoch, epochs):
        self.choices, self.extra = choices, {}
        self.progress = type("At", (), {"epoch": epoch, "epochs": epochs})()
        self.extra |= Lowest().init(self)


def test_which():
    """Not fewer than a choice picks; ``none`` goes where the weakest that may go is stronger."""
    gates = {"g": np.array([[0.4, 0.1, 0.2, 0.3, 0.0], [0.0, 0.0, 0.0, 0.6, 0.4]])}
    (group,) = FAKE.groups()
    assert group.options == ("none", "x", "y", "z", "w")
    for epoch, a, b in (
        (0, ("none", "x", "y", "z"), ("z", "w")), (4, ("none", "y", "z"), ("z", "w")),
        (7, ("y", "z"), ("z", "w")), (9, ("y", "z"), ("z",)),
    ):  # fmt: skip
        found = Lowest()(View(FAKE, epoch, 9), gates) or FAKE
        assert [(*c.relaxed_only, *c.options) for c in found.choices] == [a, b]


def test_nothing_to_delete_is_no_change():
    assert Lowest()(View(FAKE, 0, 9), {"g": np.ones((2, 5))}) is None


def searching(tiny, epochs=9):
    recipe = shortened(gapless.methods.get("darts", "quick")).scaled(epochs)
    return started(replace(recipe, stages=(replace(recipe.stages[0], mask=Lowest()),)), tiny)


@pytest.mark.parametrize("tiny", SPACES, ids=["chain", "darts"])
def test_down_to_one(tiny):
    run, seen = searching(tiny), []
    most = int(run.extra[OPTIONS])
    gates = run.gates()
    while run.progress.step < run.progress.steps:
        run.step()
        if run.epoch_ended:
            weakest = run.gates()
            before = run.choices
            run.end_epoch()
            seen.append(max(int(g.mask.sum(1).max()) for g in run.choices.groups()))
            _deleted_the_weakest(before, run.choices, weakest)
    assert seen == oracle.deletions(most, 9)
    assert set(gates) == set(run.gates())
    assert all(g.pickable.sum(1).tolist() == [1] * len(g.rows) for g in run.choices.groups())
    arch = advance(run)
    assert isinstance(arch, Arch)
    assert arch in run.space.choices


def _deleted_the_weakest(before, after, gates):
    for old, new in zip(before.groups(), after.groups(), strict=True):
        for row, path in enumerate(old.rows):
            has = {o for o, yes in zip(new.options, new.mask[new.rows.index(path)], strict=True) if yes}
            had = [o for o, yes in zip(old.options, old.mask[row], strict=True) if yes]
            value = {o: gates[old.name][row, old.options.index(o)] for o in had}
            gone = [o for o in had if o not in has and o in before.choice(path).options]
            stay = [o for o in has if o in before.choice(path).options]
            assert not gone or max(value[o] for o in gone) <= min(value[o] for o in stay)


def test_edges_stay():
    run = searching((Darts(2, ("skip_connect", "dil_conv_3x3")), SPACES[1][1]), epochs=2)
    advance(run)
    assert len(run.choices.choice(("normal/3",)).options) == 3


def test_it_needs_a_relaxation():
    recipe = gapless.methods.get("spos", "quick")
    recipe = replace(recipe, stages=(replace(recipe.stages[0], mask=Lowest()),))
    assert "'lowest' compares the strengths" in conflicts(recipe, SPACES[0][0])[0]
