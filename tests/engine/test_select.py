"""Explore: how many are scored in a step, what is proposed, and that a resumed search is the same."""

from dataclasses import replace

import pytest

from gapless.core.errors import BadValue
from gapless.engine.loop import search
from gapless.engine.recipe import plain
from gapless.engine.select import Explore, best
from gapless.evaluate.inherited import Inherited
from gapless.explore.genetic import Genetic
from gapless.explore.random import Random
from gapless.testing.methods import advance, differing, reopened, started

from . import toys
from .toys import CHAIN, DARTS

ONE_BATCH = Inherited(1, 8)


def run_of(select, tiny=CHAIN):
    return started(replace(toys.recipe("spos", 1), select=select), tiny)


def lengths(run):
    """How long the history is after each step, to the end."""
    found = [0]
    search(run, lambda _ended: found.append(len(run.history)))
    return sorted(set(found) - {0})


@pytest.mark.parametrize(
    ("explorer", "evaluations", "together", "expected"),
    [
        (Random(), 7, 3, [3, 6, 7]),
        (Random(), 7, 50, [7]),
        (Random(), 3, 1, [1, 2, 3]),
        (Random(), 20, 6, [6, 9]),
        (Genetic(4, 2, 1, 1), 8, 50, [4, 8]),
        (Genetic(4, 2, 1, 1), 7, 3, [3, 4, 7]),
    ],
)
def test_so_many_in_a_step(explorer, evaluations, together, expected):
    """A generation at most; the chain has 9 architectures."""
    run = run_of(Explore(explorer, evaluations, ONE_BATCH, together))
    assert lengths(run) == expected
    assert len({r.arch for r in run.history}) == len(run.history)


def test_where_nothing_is_shared_a_step_scores_one():
    run = run_of(Explore(Random(), 3, ONE_BATCH), DARTS)
    assert lengths(run) == [1, 2, 3]


def test_proposals_are_a_function_of_the_records():
    select = Explore(Genetic(3, 2, 1, 1), 8, ONE_BATCH, 2)
    run = run_of(select)
    lengths(run)
    for done, n in ((0, 2), (2, 1), (3, 2), (5, 1), (6, 2)):
        rng = run.streams_of_run.generator("explore", done)
        asked = select.explorer.ask(tuple(run.history[:done]), run.choices, rng, n)
        assert [r.arch for r in run.history[done : done + n]] == asked


def test_a_record_does_not_tell_what_it_was_scored_with():
    run = run_of(Explore(Random(), 6, ONE_BATCH))
    lengths(run)
    streams = run.streams_of_run.child("recalibrate")
    for record in run.history:
        (alone,) = ONE_BATCH.scores(run.space, run.net, [record.arch], run.shape, run.data, "cpu", streams)
        assert replace(alone, seconds=record.seconds) == record


@pytest.mark.parametrize("explorer", [Random(), Genetic(4, 2, 1, 1)])
def test_interrupted_between_any_two_steps_it_ends_the_same(explorer):
    select = Explore(explorer, 8, ONE_BATCH, 3)
    whole = run_of(select)
    arch = advance(whole)
    steps = whole.progress.steps
    for done in range(4):
        half = run_of(select)
        advance(half, steps + done)
        assert len(half.history) == ([0, 3, 6, 8] if explorer == Random() else [0, 3, 4, 7])[done]
        again = reopened(half)
        assert advance(again) == arch
        assert differing(whole, again) == []


def test_the_best_is_the_most_accurate_then_the_cheapest():
    run = run_of(Explore(Random(), 9, ONE_BATCH))
    found = advance(run)
    top = max(r.metrics["accuracy"] for r in run.history)
    cheapest = min((r for r in run.history if r.metrics["accuracy"] == top), key=lambda r: r.cost["macs"])
    assert found == best(run.history).arch
    assert best(run.history).cost["macs"] == cheapest.cost["macs"]


def test_together_is_part_of_what_a_search_is():
    """Another number draws other architectures."""
    one, other = Explore(Random(), 9), Explore(Random(), 9, together=3)
    assert plain(one) != plain(other)


def test_refuses_none_together():
    with pytest.raises(BadValue, match=r"expected at least 1 .*; got 0; "):
        Explore(Random(), 9, together=0)
