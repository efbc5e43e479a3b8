"""Constants of the methods that differ by their gates, against the released code."""

import pytest

import gapless.methods
from gapless.core import Progress, at
from gapless.parts.relax.proximal import Proximal
from gapless.parts.sample.read_off import ReadOff


@pytest.mark.parametrize(
    ("method", "epochs", "batch", "first", "decay"),
    [
        ("snas", 150, 64, 0.025, 3e-4),
        ("gdas", 250, 256, 0.025, 5e-4),
        ("fair-darts", 50, 128, 0.005, 3e-4),
        ("nasp", 50, 64, 0.025, 3e-4),
    ],
)
def test_the_weights(method, epochs, batch, first, decay):
    recipe = gapless.methods.get(method)
    weights = recipe.weights
    assert (recipe.epochs, recipe.batch, weights.weight_decay, weights.clip) == (epochs, batch, decay, 5.0)
    ends = [at(weights.lr, Progress(n, 10, n, 10)) for n in (0, 10)]
    assert ends == pytest.approx([first, 0.001])
    assert weights.nesterov == (method == "gdas")
    assert recipe.pooled == (method == "snas")


@pytest.mark.parametrize(
    ("method", "lr", "betas"),
    [
        ("snas", 3e-4, (0.5, 0.999)),
        ("gdas", 3e-4, (0.5, 0.999)),
        ("fair-darts", 3e-3, (0.9, 0.999)),
        ("nasp", 3e-4, (0.5, 0.999)),
    ],
)
def test_alpha(method, lr, betas):
    alphas = gapless.methods.get(method).alphas
    assert (alphas.kind, alphas.lr, alphas.betas, alphas.weight_decay) == ("adam", lr, betas, 1e-3)


@pytest.mark.parametrize(("method", "ends"), [("snas", (1.0, 0.03)), ("gdas", (10.0, 0.1))])
def test_temperatures_fall_on_a_line(method, ends):
    temperature = gapless.methods.get(method).stages[0].relax.temperature
    found = [at(temperature, Progress(n, 10, n, 10)) for n in (0, 5, 10)]
    assert found == pytest.approx([ends[0], sum(ends) / 2, ends[1]])


def test_the_rest():
    fair, nasp = gapless.methods.get("fair-darts"), gapless.methods.get("nasp").stages[0]
    (zero_one,) = fair.stages[0].regularize
    assert (zero_one.weight, zero_one.power, fair.select.rule.least) == (10.0, 2, 0.85)
    assert (nasp.relax, nasp.sample) == (Proximal(0.5), ReadOff())
    assert (nasp.update.low, nasp.update.high) == (0.0, 1.0)
    assert gapless.methods.get("snas").stages[0].drop_path == 0.3
