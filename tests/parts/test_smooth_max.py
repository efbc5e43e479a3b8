"""The smooth maximum as a regularizer."""

from types import SimpleNamespace

import numpy as np
import torch
from tests.oracles import smooth_max as oracle

from gapless.core import Choice, Linear, Progress, Space
from gapless.parts.regularize.smooth_max import SmoothMax

CHOICES = Space(
    (
        Choice("one", dict.fromkeys("abc"), group="pair"),
        Choice("two", dict.fromkeys("ab"), group="pair"),
        Choice("three", dict.fromkeys("ab")),
    )
)


def run_of(alpha, fraction=0.0):
    return SimpleNamespace(alpha=alpha, choices=CHOICES, progress=Progress(int(10 * fraction), 10))


def test_value_and_gradient_are_those_of_the_equations():
    rng = np.random.default_rng(0)
    alpha = {"pair": rng.standard_normal((2, 3)), "three": rng.standard_normal((1, 2))}
    tensors = {name: torch.from_numpy(table).requires_grad_() for name, table in alpha.items()}
    found = SmoothMax(3.0)(run_of(tensors), {})
    pair = alpha["pair"].copy()
    pair[1, 2] = -np.inf
    np.testing.assert_allclose(found.item(), oracle.value([pair, alpha["three"]], 3.0), rtol=0, atol=1e-12)
    found.backward()
    for name, table in {"pair": pair, "three": alpha["three"]}.items():
        expected = oracle.gradient(table, 3.0)
        np.testing.assert_allclose(tensors[name].grad.numpy(), expected, rtol=0, atol=1e-12)


def test_its_weight_may_grow():
    alpha = {"pair": torch.ones(2, 3), "three": torch.ones(1, 2)}
    part = SmoothMax(Linear(0.0, 50.0))
    none, half = (float(part(run_of(alpha, fraction), {})) for fraction in (0.0, 0.5))
    assert none == 0.0
    np.testing.assert_allclose(half, 25 * float(SmoothMax()(run_of(alpha), {})), rtol=1e-6)
