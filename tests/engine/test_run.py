"""The run: progress, trace, stages, shrinking, divergence."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from gapless.core import Cosine
from gapless.core.errors import Diverged, Refused
from gapless.core.training import Optim
from gapless.engine.run import label
from gapless.nets.gate import Gate
from gapless.testing.methods import BATCH, advance, differing, digits, reopened, started

from . import toys
from .toys import CHAIN, DARTS, Keep, StopAfter

EPOCH = digits().steps("train", BATCH)


# -- progress and trace -------------------------------------------------------------------------------


def test_an_epoch_is_so_many_steps_and_leaves_one_row():
    run = toys.run(epochs=2)
    losses = []
    for step in range(EPOCH):
        assert (run.progress.step, run.progress.epoch) == (step, 0)
        before = run.sums.get("train_loss", 0.0)
        run.step()
        losses.append(float(run.sums["train_loss"] - before))
        assert run.epoch_ended == (step == EPOCH - 1)
    run.end_epoch()
    (row,) = run.trace
    assert (row["stage"], row["epoch"], row["step"]) == (0, 1, EPOCH)
    assert row["train_loss"] == pytest.approx(sum(losses) / EPOCH, rel=1e-12)
    assert row["lr"] == run.recipe.weights.lr.start
    assert run.sums == {}
    assert set(row) >= {"train_accuracy", "val_loss", "val_accuracy"}


def test_gate_values_of_every_choice_and_option_are_traced():
    run = toys.run(DARTS, epochs=2)
    advance(run)
    operations = {"none", "max_pool_3x3", "skip_connect", "dil_conv_3x3"}
    groups = {"normal": 5, "reduce": 5}
    assert len(run.alpha_trace) == 2 * sum(groups.values()) * len(operations)
    for epoch in (1, 2):
        for row in ("2<-0", "2<-1", "3<-0", "3<-1", "3<-2"):
            gates = {
                e["option"]: e["value"]
                for e in run.alpha_trace
                if (e["epoch"], e["group"], e["row"]) == (epoch, "reduce", row)
            }
            assert set(gates) == operations
            assert sum(gates.values()) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(("path", "text"), [(("layer3",), "layer3"), (("normal/3", "1", "op"), "3<-1")])
def test_labels(path, text):
    assert label(path) == text


def test_alpha_is_held_for_its_share_of_the_stage():
    run = toys.run(epochs=4, freeze_alpha=0.5)
    start = {n: a.detach().clone() for n, a in run.alpha.items()}
    advance(run, 2 * EPOCH)
    assert all(torch.equal(run.alpha[n], a) for n, a in start.items())
    assert "val_loss" not in run.trace[-1]
    advance(run, 1)
    assert not any(torch.equal(run.alpha[n], a) for n, a in start.items())


def test_the_next_step_has_other_batches_paths_and_numbers():
    run = toys.run(method="spos")
    first = run.batches()[0][0], run.streams.integer("x"), [m["layers"].active for m in run.paths()]
    assert torch.equal(first[0], run.batches()[0][0])
    assert np.array_equal(first[2][0], run.paths()[0]["layers"].active)
    run.step()
    assert not torch.equal(first[0], run.batches()[0][0])
    assert run.streams.integer("x") != first[1]


@pytest.mark.parametrize("depth", [1, 2])
def test_a_kind_of_cell_that_the_network_lacks_keeps_its_alpha(depth):
    """Networks of one and two cells have reduction cells only."""
    for order in ("darts", "darts-2nd"):
        run = toys.run((DARTS[0], replace(DARTS[1], depth=depth)), method=order)
        normal, reduce = (run.alpha[kind].detach().clone() for kind in ("normal", "reduce"))
        run.step()
        assert torch.equal(run.alpha["normal"], normal)
        assert not torch.equal(run.alpha["reduce"], reduce)


def test_weights_first_then_alpha():
    """A stage without relaxation before one with it: alpha is there from the start."""
    first = toys.recipe("darts")
    paths = toys.recipe("spos").stages[0]
    run = started(
        replace(first, stages=(replace(paths, epochs=1), replace(first.stages[0], epochs=1))), CHAIN
    )
    start = run.alpha["layers"].detach().clone()
    advance(run, EPOCH)
    assert torch.equal(run.alpha["layers"], start)
    assert advance(run) in run.space.choices
    assert [(r["stage"], r["epoch"]) for r in run.trace] == [(0, 1), (1, 1)]
    assert [e["epoch"] for e in run.alpha_trace] == [2] * 6
    assert not torch.equal(run.alpha["layers"], start)


# -- an observer that stops ----------------------------------------------------------------------------


def test_a_stopped_stage_keeps_the_row_of_its_last_epoch():
    run = toys.run(epochs=4, observe=(StopAfter(2),))
    advance(run)
    assert [row["epoch"] for row in run.trace] == [1, 2]
    assert [row.get("seen") for row in run.trace] == [1.0, None]
    assert run.total == 2 * EPOCH
    assert run.finished
    assert run.sums == {}


def test_the_next_stage_starts_with_empty_averages():
    short = toys.recipe(epochs=2)
    stage = short.stages[0]
    stages = (replace(stage, epochs=3, observe=(StopAfter(1),)), replace(stage, epochs=1))
    run = started(replace(short, stages=stages), CHAIN)
    advance(run)
    assert [(r["stage"], r["epoch"]) for r in run.trace] == [(0, 1), (1, 1)]
    assert all(np.isfinite(r["train_loss"]) for r in run.trace)


# -- shrinking -------------------------------------------------------------------------------------------


def entries(run, tables):
    """(choice, option) to the value in a table of alpha's shape."""
    return {
        (path, option): float(tables[group.name][row, column].detach())
        for group in run.choices.groups()
        if group.name in tables
        for row, path in enumerate(group.rows)
        for column, option in enumerate(group.options)
        if group.mask[row, column]
    }


def remembered(run):
    """Everything by name: weights, statistics, momenta, alpha and its moments by choice and option."""
    moments = {}
    for path, value in run.alphas.state().items():
        name, key = path.rsplit("/", 1)
        if value.dim():
            moments[key] = moments.get(key, {}) | entries(run, {name: value})
        else:
            moments[key, name] = float(value)
    weights = {n: v.clone() for n, v in (run.net.state_dict() | run.weights.state()).items()}
    return weights, entries(run, run.alpha), moments


DROPPED = {
    "one row": (CHAIN, (("layer0", "k3e2"),)),
    "first row, which names the columns": (CHAIN, (("layer0", "identity"), ("layer1", "k3e2"))),
    "a column": (CHAIN, (("layer0", "k3e1"), ("layer1", "k3e1"))),
    "an edge": (DARTS, (("normal/3", "1"), ("reduce/3", "0"))),
    "none": (
        DARTS,
        tuple(
            (f"{kind}/{n}/{j}/op", "none") for kind in ("normal", "reduce") for n in (2, 3) for j in range(n)
        ),
    ),
}


@pytest.mark.parametrize("case", DROPPED)
@pytest.mark.parametrize("method", ["darts", "fairnas"])
def test_a_shrunk_run_keeps_what_is_left_by_name(case, method):
    tiny, dropped = DROPPED[case]
    run = toys.run(tiny, method, epochs=3)
    advance(run, 2)
    weights, alpha, moments = remembered(run)
    smaller = Keep(dropped, epoch=0)(run, {})
    assert smaller != run.choices
    run.shrink(smaller)
    left, left_alpha, left_moments = remembered(run)
    assert run.choices == smaller
    assert set(left) < set(weights) or case == "none"
    assert all(torch.equal(value, weights[name]) for name, value in left.items())
    assert left_alpha == {key: alpha[key] for key in left_alpha}
    for key, values in left_moments.items():
        assert values == ({k: moments[key][k] for k in values} if isinstance(values, dict) else moments[key])
    assert set(left_moments) == set(moments)
    if method == "darts":
        assert set(left_moments) >= {"exp_avg", "exp_avg_sq"}
        assert 0 < len(left_alpha) < len(alpha)
        assert set(left_moments["exp_avg"]) == set(left_alpha)
        assert all(left_moments["exp_avg"].values())


def test_a_shrunk_run_computes_what_the_whole_one_computes_there():
    run = toys.run(DARTS)
    advance(run, 2)
    arch = run.choices.at(5)
    whole, x = run.net.eval(), run.batches()[0][0]
    active = run.choices.active(arch)
    expected = whole(x, {n: Gate(active=table) for n, table in active.items()})
    run.shrink(run.choices.only(arch))
    assert torch.equal(run.net.eval()(x), expected)
    assert {id(p) for p in run.net.parameters()} == {id(p) for p in run.weights.tensors}
    assert {id(a) for a in run.alpha.values()} == {id(a) for a in run.alphas.tensors}


@pytest.mark.parametrize("case", ["one row", "an edge"])
def test_a_mask_that_shrinks_leads_to_the_end_and_resumes(case):
    tiny, dropped = DROPPED[case]
    mask = Keep(dropped)
    whole, half = toys.run(tiny, mask=mask, epochs=3), toys.run(tiny, mask=mask, epochs=3)
    arch = advance(whole)
    assert all(arch.picked_at(tuple(path.split("/", 2)) if "op" in path else (path,)).get(o) is None
               for path, o in dropped)  # fmt: skip
    advance(half, EPOCH + 1)
    assert half.choices != tiny[0].choices
    again = reopened(half)
    assert again.choices == half.choices
    assert advance(again) == arch
    assert differing(whole, again) == []


def test_a_mask_without_change_is_no_change():
    a, b = toys.run(mask=Keep((), epoch=1)), toys.run()
    net = a.net
    assert advance(a) == advance(b)
    assert a.net is net
    assert differing(a, b) == []


# -- divergence ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["darts", "darts-2nd", "spos"])
def test_a_learning_rate_that_is_too_large_is_said(method):
    short = toys.recipe(method, epochs=8)
    wild = replace(short, weights=Optim("sgd", lambda progress: 1e30, (0.9, 0), 3e-4))
    with pytest.raises(Diverged, match=r"expected a finite (train|val) loss; got (nan|inf) at step \d+"):
        advance(started(wild, CHAIN))


@pytest.mark.parametrize("method", ["darts", "one-level", "proxylessnas", "proxylessnas-rl"])
def test_alpha_that_diverges_is_said(method):
    """In the step itself, also where nothing of alpha is in the loss."""
    short = toys.recipe(method, epochs=8)
    wild = replace(short, alphas=Optim("adam", lambda progress: math.inf))
    with pytest.raises(Diverged, match=r"expected a finite (train loss|alpha in '.*'); .* at step"):
        advance(started(wild, CHAIN))


def test_no_relaxation_no_mix():
    run = toys.run(method="spos")
    assert run.gates() == {}
    assert run.alpha == {}
    with pytest.raises(Refused, match="relaxation"):
        run.mix()


def test_the_weights_of_a_run_do_not_depend_on_the_data_order_or_method():
    """The stream ``init`` is the super-network's alone."""
    a, b = toys.run(method="darts"), toys.run(method="spos")
    assert all(torch.equal(v, b.net.state_dict()[n]) for n, v in a.net.state_dict().items())


def test_rates_follow_scaled_epochs():
    run = toys.run(epochs=4)
    advance(run)
    schedule = run.recipe.weights.lr
    assert isinstance(schedule, Cosine)
    waves = [(1 + math.cos(math.pi * epoch / 4)) / 2 for epoch in range(4)]
    published = [schedule.end + (schedule.start - schedule.end) * wave for wave in waves]
    assert [row["lr"] for row in run.trace] == pytest.approx(published, rel=1e-12)
