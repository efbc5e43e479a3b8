"""Observers against plain Python, the eigenvalue against all of the matrix, and what they do to a search."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.engine import toys
from tests.oracles import observers as oracle

import gapless.methods
from gapless.core import Linear, Progress, Streams
from gapless.core.training import Optim
from gapless.engine.check import conflicts
from gapless.nets.fast import plain
from gapless.nets.statistics import still
from gapless.parts.contract import Rollback, Stop
from gapless.parts.observe import eigenvalue
from gapless.parts.observe.curvature import lanczos, largest
from gapless.parts.observe.eigenvalue import Eigenvalue
from gapless.parts.observe.entropy import Entropy, normalised
from gapless.parts.observe.gradient_angle import GradientAngle, angle
from gapless.parts.observe.rank_stability import RankStability
from gapless.parts.observe.reaction import Decay, End
from gapless.parts.observe.skip_count import SkipCount
from gapless.testing.methods import advance, differing, reopened, started

EXACT = 1e-10
TINY = (toys.CHAIN, toys.DARTS)


def moved(run, seed=0):
    """The run with alpha anywhere."""
    rng = np.random.default_rng(seed)
    with torch.no_grad():
        for table in run.alpha.values():
            table.copy_(torch.from_numpy(rng.standard_normal(table.shape)))
    return run


def observing(*parts, tiny=toys.DARTS, epochs=2, double=True, **stage):
    return started(toys.recipe(epochs=epochs, observe=parts, **stage), tiny, double=double)


# -- eigenvalue ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 7, 30])
def test_lanczos(n):
    rng = np.random.default_rng(n)
    half = rng.standard_normal((n, n))
    for matrix in (half + half.T, -half @ half.T, np.zeros((n, n)), np.diag([3.0] + [1.0] * (n - 1))):
        found = lanczos(lambda v, m=matrix: m @ v, rng.standard_normal(n), n)
        assert abs(found - np.linalg.eigvalsh(matrix)[-1]) < EXACT
    few = lanczos(lambda v: half @ half.T @ v, rng.standard_normal(n), 1)
    assert few <= np.linalg.eigvalsh(half @ half.T)[-1] + EXACT


class Quartic:
    """A run whose loss is ``a'Ma / 2 + sum a^4``."""

    def __init__(self, matrix, a):
        self.net, self.device = torch.nn.Identity(), torch.device("cpu")
        self.alpha, self.matrix = {"a": torch.from_numpy(a).requires_grad_()}, torch.from_numpy(matrix)
        self.streams = Streams(0)

    def mix(self):
        return self.alpha["a"]

    def forward(self, x, mix):
        return mix @ self.matrix @ mix / 2 + (mix**4).sum()

    def loss(self, logits, y):
        return logits


@pytest.mark.parametrize("seed", range(5))
def test_of_a_function_with_a_known_matrix(seed):
    rng = np.random.default_rng(seed)
    half, a = rng.standard_normal((12, 12)), rng.standard_normal(12)
    found = largest(Quartic(half + half.T, a), (None, None), 12)
    assert abs(found - oracle.quartic(half + half.T, a)) < EXACT


@pytest.mark.parametrize("tiny", TINY, ids=["chain", "darts"])
def test_of_a_search(tiny):
    run = moved(observing(tiny=tiny))
    x, y = run.batches()[1]
    names = list(run.alpha)
    sizes = [run.alpha[n].numel() for n in names]

    def loss(flat):
        tables = flat.split(sizes)
        alpha = {n: t.view_as(run.alpha[n]) for n, t in zip(names, tables, strict=True)}
        return run.loss(run.net(x, run.mix(alpha)), y)

    with still(run.net), plain():
        flat = torch.cat([run.alpha[n].detach().flatten() for n in names])
        whole = torch.autograd.functional.hessian(loss, flat)
    values = np.linalg.eigvalsh(whole.numpy())
    expected, scale = values[-1], abs(values).max()
    before = {n: t.clone() for n, t in run.net.state_dict().items()}
    assert abs(largest(run, (x, y), 1000) - expected) < EXACT * scale
    assert abs(largest(run, (x, y), 20) - expected) < 0.05 * scale
    assert all(torch.equal(before[n], t) for n, t in run.net.state_dict().items())


class Seen:
    """A run in which eigenvalues are read from a list."""

    def __init__(self, values, epochs):
        self.values, self.epochs, self.extra = values, epochs, {}
        self.extra |= Eigenvalue().init(self)

    def at(self, epoch):
        self.progress = Progress(epoch, self.epochs, epoch, self.epochs)
        return self

    def batches(self):
        return None, self.progress.epoch


@pytest.mark.parametrize("seed", range(30))
def test_when_it_goes_back(seed, monkeypatch):
    epochs, rng = 50, np.random.default_rng(seed)
    values = (1 + 0.02 * seed) ** np.arange(epochs) * np.exp(0.3 * rng.standard_normal(epochs))
    monkeypatch.setattr(eigenvalue, "largest", lambda run, batch, steps: float(values[batch - 1]))
    run, part, found = Seen(values, epochs), Eigenvalue(react=End()), None
    for epoch in range(1, epochs + 1):
        try:
            assert part(run.at(epoch)) == {"eigenvalue": values[epoch - 1]}
        except Stop as stop:
            found = (epoch - 1, epoch - 1 - stop.back)
            break
    assert found == oracle.goes_back(values.tolist(), epochs)
    assert found is not None or seed < 20


def test_it_stops_where_the_curvature_was_still_low():
    """Any rise by a factor of more than -1 counts here, so that it goes back as soon as it may."""
    part = Eigenvalue(steps=3, window=1, back=1, ratio=-1e9, earliest=0.0, react=End())
    run = observing(part, epochs=6, double=False)
    advance(run)
    assert len(run.trace) == 2
    assert all(np.isfinite(row["eigenvalue"]) for row in run.trace)


def test_more_weight_decay_from_there_and_a_resume():
    part = Eigenvalue(steps=3, window=1, back=1, ratio=-1e9, earliest=0.0, react=Decay(3.0, 8e-3))
    recipe = replace(toys.recipe(epochs=4, observe=(part,)), weights=Optim("sgd", 0.01, (0.9, 0), 1e-3))
    whole, half = started(recipe, toys.DARTS), started(recipe, toys.DARTS)
    advance(half, 7)
    again = reopened(half)
    assert not differing(half, again)
    advance(whole)
    advance(again)
    assert not differing(whole, again)
    assert whole.weights.weight_decay == pytest.approx(9e-3)
    assert [row["epoch"] for row in whole.trace] == [1, 2, 2, 3, 3, 4]


def test_reactions():
    run = toys.run()
    run.weights = type(run.weights)(run.weights.named, Optim(weight_decay=3e-4))
    for times in (3.0, 9.0, 27.0, 81.0):
        stop = Decay()(run, 2, {"x": 1.0})
        assert isinstance(stop, Rollback)
        assert (stop.back, stop.row) == (2, {"x": 1.0})
        stop.then(run)
        assert run.weights.decay == times
    assert Decay()(run, 2, {}) is None
    assert End()(run, 3, {"x": 1.0}).back == 3


# -- the others ---------------------------------------------------------------------------------------


def test_entropy():
    rng = np.random.default_rng(0)
    for n in (2, 3, 8):
        row = rng.random(n)
        assert abs(normalised(row) - oracle.entropy([row.tolist()])) < EXACT
    assert normalised(np.array([0.0, 2.0])) == 0
    assert normalised(np.zeros(4)) == pytest.approx(1)
    for tiny in TINY:
        run = moved(observing(tiny=tiny))
        rows = [
            row[has].tolist()
            for g in run.choices.groups()
            for row, has in zip(run.gates()[g.name], g.mask, strict=True)
        ]
        assert abs(Entropy()(run)["entropy"] - oracle.entropy(rows)) < EXACT
        with pytest.raises(Stop):
            Entropy(1.1)(run)
        Entropy(1e-3)(run)


def test_order_of_options_with_parameters():
    run, orders = observing(RankStability()), []
    names = {"dil_conv_3x3", "skip_connect"}
    for seed in (0, 0, 1, 1, 1, 2):
        moved(run, seed)
        gates, order = run.gates(), []
        for group in run.choices.groups():
            costs = run.costs("params")[group.name]
            for row in range(len(group.rows)):
                learns = [c for c in range(len(group.options)) if costs[row, c] > 0]
                assert {group.options[c] for c in learns} <= names
                order.append(sorted(learns, key=lambda c: -gates[group.name][row, c]))
        orders.append(order)
        assert RankStability()(run) == {"stable_epochs": oracle.stable(orders)}
    for _ in range(2):
        RankStability(3)(run)
    with pytest.raises(Stop) as caught:
        RankStability(3)(run)
    assert caught.value.row == {"stable_epochs": 3.0}


def test_a_ranking_does_not_rest_while_alpha_is_held():
    run = observing(RankStability(), freeze_alpha=1.0)
    for _ in range(3):
        assert RankStability()(run) == {"stable_epochs": 0.0}


def test_skips():
    run = observing()
    column = run.choices.groups()[0].options.index("skip_connect")
    for value, expected in ((-5.0, 0), (5.0, 4)):
        with torch.no_grad():
            run.alpha["normal"][:, column] = value
            run.alpha["reduce"][:, column] = 5.0
        assert SkipCount()(run) == {"skips": expected}
    with pytest.raises(Stop) as caught:
        SkipCount(4)(run)
    assert caught.value.row == {"skips": 4.0}
    SkipCount(5)(run)
    SkipCount(4, earliest=0.5)(run)


@pytest.mark.parametrize("tiny", TINY, ids=["chain", "darts"])
def test_angles(tiny):
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 9))
    one, other = ([torch.from_numpy(v[:4]), torch.from_numpy(v[4:])] for v in (a, b))
    assert abs(angle(one, other) - oracle.angle(a, b)) < EXACT
    assert angle(one, [torch.zeros(4), torch.zeros(5)]) == 90
    run = moved(observing(tiny=tiny, drop_path=Linear(0.1, 0.2)))
    found = GradientAngle()(run)["gradient_angle"]
    assert 0 < found < 180
    assert found == GradientAngle()(run)["gradient_angle"]
    assert GradientAngle(other=GradientAngle().rule)(run)["gradient_angle"] < 1e-5
    with pytest.raises(Stop):
        GradientAngle(most=found / 2)(run)


@pytest.mark.parametrize("part", [Eigenvalue(), SkipCount(), RankStability(), Entropy(), GradientAngle()])
def test_they_need_a_relaxation(part):
    assert "none" in conflicts(toys.recipe("spos", observe=(part,)), toys.CHAIN[0])[0]


def test_all_at_once_and_a_resume():
    parts = (Eigenvalue(2), SkipCount(), RankStability(), Entropy(), GradientAngle())
    whole, half = observing(*parts, double=False), observing(*parts, double=False)
    advance(half, 4)
    again = reopened(half)
    advance(whole)
    advance(again)
    assert not differing(whole, again)
    assert {"eigenvalue", "skips", "stable_epochs", "entropy", "gradient_angle"} <= set(whole.trace[-1])


def test_methods_as_published():
    get = gapless.methods.get
    es, ada = get("darts-es").stages[0].observe[0], get("darts-ada").stages[0].observe[0]
    assert (es.window, es.back, es.ratio, es.earliest * 50) == (5, 4, 1.3, 10)
    assert (es.react, ada.react) == (End(), Decay(3.0, 0.0243))
    assert get("r-darts-l2").weights.weight_decay == 27e-4
    assert get("r-darts-dp").stages[0].drop_path == Linear(0.0, 0.2, per="epoch")
    assert get("darts-plus").stages[0].observe == (SkipCount(2), RankStability(10))
