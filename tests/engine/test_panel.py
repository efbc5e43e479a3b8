"""The panel: standings against plain counting, and what it makes of a run."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gapless.methods
from gapless.core.errors import BadValue
from gapless.core.record import Record
from gapless.engine.panel import Panel
from gapless.evaluate.cost import Limits
from gapless.evaluate.early import Early
from gapless.explore.random import Random
from gapless.testing.methods import SPACES, advance, differing, reopened, shortened, started

NAMES = ("accuracy", "loss", "synflow", "expressivity", "jacob-cov", "params", "speed")
numbers = st.floats(-3, 3).map(round) | st.just(float("-inf"))
quick = settings(derandomize=True, deadline=None, max_examples=40)


def records(rows):
    arch = SPACES[0][0].choices.sample(np.random.default_rng(0))
    return [Record(arch, dict(zip(NAMES, row, strict=True))) for row in rows]


def counted(history, votes):
    """Each metric: how many are worse, and half of those that are equal, as a share; then the formula."""

    def share(name, mine):
        values = [other.metrics[name] for other in history]
        worse = sum(v > mine if name == "loss" else v < mine for v in values)
        return (worse + sum(v == mine for v in values) / 2) / len(history)

    whole = sum(vote for _, vote in votes)
    return np.array([
        math.prod(share(name, one.metrics[name]) ** (vote / whole) for name, vote in votes)
        for one in history
    ])  # fmt: skip


@quick
@given(st.lists(st.tuples(*[numbers] * 7), min_size=1, max_size=12), st.floats(0.1, 4))
def test_standings(rows, vote):
    history = records(rows)
    for votes in ((("accuracy", vote), ("expressivity", 2.0), ("loss", 0.5)), (("speed", vote),)):
        found = Panel(Random(), 9, votes=votes).standings(history)
        assert np.abs(found - counted(history, votes)).max() < 1e-12
        assert ((found > 0) & (found < 1)).all()


def test_speed_makes_no_bad_architecture_good():
    """Last in everything but the speed, and last in nothing but the speed."""
    slow, fast = [1, -1, 1, 1, 1, 1, 0], [0, 0, 0, 0, 0, 0, 1]
    found = Panel(Random(), 9).standings(records([slow, fast]))
    assert found[0] > found[1]


def test_not_a_number_ranks_lowest():
    rows = [[0.5] * 7, [float("nan")] * 7, [0.1] * 7]
    assert Panel(Random(), 9).standings(records(rows)).argmin() == 1


def test_a_search():
    recipe = shortened(gapless.methods.get("gapless", "quick"))
    run = started(recipe, SPACES[0])
    found = advance(run)
    panel = recipe.select
    assert len(run.history) == panel.evaluations
    assert all(set(NAMES) <= set(record.metrics) for record in run.history)
    best = int(panel.standings(run.history).argmax())
    assert found == run.history[best].arch
    again = panel.judged(run, [record.arch for record in run.history])
    assert [r.metrics for r in again] == [r.metrics for r in run.history]
    assert panel.told(run.history)[best].metrics["accuracy"] == panel.standings(run.history).max()


def test_the_explorer_sees_standings_alone():
    """Scaling a metric changes nothing of what is proposed."""
    recipe = shortened(gapless.methods.get("gapless", "quick"))
    history = records([[0.3, 1, 2, 3, 4, 5, 6], [0.1, 2, 1, 2, 3, 4, 5]])
    louder = records([[0.3, 1, 20, 3, 4, 5, 6], [0.1, 2, 10, 2, 3, 4, 5]])
    told = [[r.metrics["accuracy"] for r in recipe.select.told(h)] for h in (history, louder)]
    assert told[0] == told[1] == pytest.approx([0.75, 0.25])


def test_limits_are_of_the_network_in_use():
    space, _ = SPACES[0]
    recipe = shortened(gapless.methods.get("gapless", "quick"))
    run = started(recipe, SPACES[0])
    tight = Limits((("params", 10.0),), run.use.shape)
    none = replace(recipe, select=replace(recipe.select, limits=tight))
    with pytest.raises(BadValue, match="none among"):
        advance(started(none, SPACES[0]))
    wide = Limits((("params", 1e9),), run.use.shape)
    same = started(replace(recipe, select=replace(recipe.select, limits=wide)), SPACES[0])
    assert advance(same) in space.choices


def test_it_goes_on_where_it_was():
    recipe = shortened(gapless.methods.get("gapless", "quick"))
    whole, half = started(recipe, SPACES[0]), started(recipe, SPACES[0])
    advance(whole)
    assert advance(half, 8) is None
    assert 0 < len(half.history) < len(whole.history)
    half = reopened(half)
    advance(half)
    assert differing(half, whole) == []


@pytest.mark.parametrize("votes", [(), (("accuracy", 0.0),), (("grasp", 1.0),)])
def test_votes_that_nobody_can_cast(votes):
    with pytest.raises(BadValue, match="votes above 0 for some of accuracy, loss, synflow"):
        Panel(Random(), 9, votes=votes)
    Panel(Random(), 9, early=Early(("grasp",)), votes=(("grasp", 1.0),))
