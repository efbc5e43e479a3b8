"""What a checkpoint holds of a run is all of it."""

import json

import pytest
import torch

from gapless.engine.extra import fill
from gapless.engine.state import restore, snapshot
from gapless.parts.update.bilevel import Bilevel
from gapless.testing.methods import advance, differing, reopened, started

from . import toys
from .toys import CHAIN, DARTS, Keep


@pytest.mark.parametrize("tiny", [CHAIN, DARTS], ids=["chain", "darts"])
@pytest.mark.parametrize("method", ["darts", "spos"])
def test_step_4_is_step_4(tiny, method):
    """A snapshot after step 2, a fresh run, two more steps: the run that was not interrupted, to the bit."""
    whole, half = toys.run(tiny, method), toys.run(tiny, method)
    advance(whole, 4)
    advance(half, 2)
    tensors, values = snapshot(half)
    tensors = {name: value.detach().clone() for name, value in tensors.items()}
    values = json.loads(json.dumps(values))
    advance(half, 2)
    fresh = started(half.recipe, tiny)
    restore(fresh, tensors, values)
    assert differing(whole, fresh) != []
    advance(fresh, 2)
    assert differing(whole, fresh) == []
    assert differing(whole, half) == []
    kinds = {name.split(":")[0] for name in tensors}
    assert kinds >= {"net", "weights", "sums"} | ({"alpha", "alphas"} if method == "darts" else set())


def test_a_restored_run_shares_no_tensor_with_what_it_came_from():
    run = toys.run()
    advance(run, 2)
    tensors, values = snapshot(run)
    fresh = toys.run()
    restore(fresh, tensors, values)
    saved = {name: value.detach().clone() for name, value in tensors.items()}
    advance(fresh, 2)
    assert all(torch.equal(tensors[name], value) for name, value in saved.items())


@pytest.mark.parametrize("count", [6, 7])
def test_an_interrupted_selection_goes_on(count):
    """6 steps, then 3 evaluations in one."""
    whole, half = toys.run(method="spos"), toys.run(method="spos")
    arch = advance(whole)
    advance(half, count)
    again = reopened(half)
    assert len(again.history) == 3 * (count - 6)
    assert advance(again) == arch
    assert differing(whole, again) == []


def test_a_finished_run_reopened_is_finished():
    run = toys.run(method="spos")
    arch = advance(run)
    again = reopened(run)
    assert advance(again) == arch
    assert differing(run, again) == []


def test_columns_of_the_trace_keep_their_order():
    whole, half = toys.run(), toys.run()
    advance(whole)
    advance(half, 1)
    again = reopened(half)
    advance(again)
    assert [list(row) for row in again.trace] == [list(row) for row in whole.trace]


def test_the_kept_options_are_saved_with_the_run():
    dropped = (("normal/3", "1"), ("reduce/2/0/op", "none"))
    run = toys.run(DARTS)
    advance(run, 1)
    run.shrink(Keep(dropped, epoch=0)(run, {}))
    again = reopened(run)
    assert again.choices == run.choices
    assert differing(run, again) == []
    restored, fresh = ({n: tuple(a.shape) for n, a in r.alpha.items()} for r in (again, toys.run(DARTS)))
    assert restored["normal"] != fresh["normal"]


def test_extra_tensors_come_back_where_they_were_made():
    """A part on another device than the host keeps figures on the host, of other shapes as time goes on."""
    elsewhere = torch.device("meta")
    extra = {"there": torch.zeros(2, device=elsewhere), "here": torch.zeros(0)}
    fill(extra, {"there": torch.zeros(3), "here": torch.arange(3.0), "later": torch.ones(2)})
    assert extra["there"].device == elsewhere
    assert torch.equal(extra["here"], torch.arange(3.0))
    assert torch.equal(extra["later"], torch.ones(2))


def test_extra_tensors_come_back():
    run = toys.run(update=Bilevel())
    run.extra["memory"] = torch.arange(3.0)
    assert torch.equal(reopened(run).extra["memory"], torch.arange(3.0))
