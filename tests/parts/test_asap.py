"""Parts of ASAP against dictionaries, and a search that cools down."""

import numpy as np
import pytest
import torch
from tests.engine import toys
from tests.oracles import asap as oracle

import gapless.methods
from gapless.core import Geometric, Progress, at
from gapless.core.errors import BadValue, UnknownName
from gapless.engine.check import conflicts
from gapless.parts.mask.falling import Falling
from gapless.parts.relax.softmax import Softmax
from gapless.spaces.darts import Darts
from gapless.spaces.nb201 import Nb201
from gapless.testing.methods import advance

EXACT = 1e-10


class At:
    def __init__(self, choices, epoch):
        self.choices, self.progress = choices, Progress(epoch, 50, epoch, 50)


@pytest.mark.parametrize("epoch", [1, 10, 30, 50])
@pytest.mark.parametrize("space", [Darts(), Nb201()])
@pytest.mark.parametrize("share", [0.0, 0.4, 0.9])
def test_who_survives(space, epoch, share):
    choices, rng = space.choices, np.random.default_rng(epoch)
    alpha = {g.name: torch.from_numpy(rng.standard_normal(g.mask.shape)) for g in choices.groups()}
    run, t = At(choices, epoch), oracle.temperature(epoch)
    relax = gapless.methods.get("asap").stages[0].relax
    gates = {n: table.numpy() for n, table in relax.strengths(alpha, choices, run.progress).items()}
    smaller = Falling(share)(run, gates)
    assert (smaller is None) == (share == 0.0)
    for group, after in zip(choices.groups(), (smaller or choices).groups(), strict=True):
        for row, values in enumerate(alpha[group.name].tolist()):
            each = dict(zip(group.options, values, strict=True))
            expected = list(oracle.gates(each, t).values())
            assert np.abs(gates[group.name][row] - expected).max() < EXACT
            left = {o for o, has in zip(after.options, after.mask[row], strict=True) if has}
            assert left == oracle.survivors(each, t, share, "none" if space.name == "darts" else "")


def test_schedule():
    found = [Geometric(1.6, 1.6 * 0.95**50)(Progress(e, 50, e, 50)) for e in range(51)]
    assert np.abs(np.array(found) - [oracle.temperature(e) for e in range(51)]).max() < EXACT
    assert Geometric(4.0, 1.0, per="step")(Progress(1, 2, 0, 2)) == 2.0
    with pytest.raises(UnknownName):
        Geometric(1.0, 2.0, per="year")


def test_as_published():
    recipe = gapless.methods.get("asap")
    (stage,) = recipe.stages
    below = next(e for e in range(50) if oracle.temperature(e) < 1)
    assert stage.freeze_alpha * stage.epochs == below == 10
    assert at(stage.mask.share, Progress()) == 0.4


def test_a_share_is_below_1():
    with pytest.raises(BadValue, match="from 0 to below 1"):
        Falling(1.0)


def test_it_needs_a_relaxation():
    assert "'falling' compares" in conflicts(toys.recipe("spos", mask=Falling()), toys.CHAIN[0])[0]


@pytest.mark.parametrize("tiny", [toys.CHAIN, toys.DARTS], ids=["chain", "darts"])
def test_options_die_in_a_search(tiny):
    run, sizes = toys.run(tiny, epochs=3, relax=Softmax(1.0, Geometric(1.0, 0.01)), mask=Falling(0.4)), []
    while run.progress.step < run.progress.steps:
        run.step()
        if run.epoch_ended:
            run.end_epoch()
            sizes.append(sum(int(g.mask.sum()) for g in run.choices.groups()))
    rows = sum(len(g.rows) for g in run.choices.groups())
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > sizes[-1] >= rows
    assert advance(run) in run.space.choices
