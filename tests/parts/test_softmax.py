"""Softmax against NumPy in float64."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gapless.core import Choice, Linear, Progress, Space, Streams
from gapless.parts.relax.softmax import Softmax
from gapless.spaces.darts import Darts

UNEQUAL = Space(
    (
        Choice("a", dict.fromkeys("xyz"), group="g", relaxed_only=("none",)),
        Choice("b", dict.fromkeys("zw"), group="g"),
        Choice("c", dict.fromkeys("y"), group="g"),
        Choice("d", dict.fromkeys("pq")),
    )
)
RNG = Streams(0).generator("unused")


def numpy_softmax(values, mask, temperature):
    """Row by row over the options that are there; zero elsewhere."""
    out = np.zeros_like(values)
    for row, has in enumerate(mask):
        powers = np.exp((values[row, has] - values[row, has].max()) / temperature)
        out[row, has] = powers / powers.sum()
    return out


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.integers(0, 2**32), st.sampled_from([1e-3, 1.0, 30.0]), st.floats(0.1, 10))
@pytest.mark.parametrize("choices", [UNEQUAL, Darts().choices], ids=["unequal", "darts"])
def test_values(choices, seed, scale, temperature):
    draw = np.random.default_rng(seed)
    alpha = {g.name: scale * draw.standard_normal(g.mask.shape) for g in choices.groups()}
    tensors = {name: torch.from_numpy(v) for name, v in alpha.items()}
    for t, expected_t in (
        (temperature, temperature),
        (Linear(temperature, 5 * temperature), 2 * temperature),
    ):
        mix = Softmax(temperature=t)(tensors, choices, Progress(step=1, steps=4), RNG)
        for group in choices.groups():
            gate = mix[group.name]
            expected = numpy_softmax(alpha[group.name], group.mask, expected_t)
            np.testing.assert_allclose(gate.weight.numpy(), expected, rtol=1e-12, atol=1e-300)
            present = group.mask if gate.active is None else gate.active
            assert np.array_equal(present, group.mask)


def test_gradient_is_the_softmax_jacobian_and_zero_where_nothing_is():
    (group, _) = UNEQUAL.groups()
    alpha = {g.name: torch.randn(g.mask.shape, dtype=torch.float64) for g in UNEQUAL.groups()}
    alpha["g"] = torch.linspace(-1, 1, group.mask.size).double().reshape(group.mask.shape)
    alpha["g"].requires_grad_()
    weight = Softmax(temperature=0.7)(alpha, UNEQUAL, Progress(), RNG)["g"].weight
    upstream = torch.arange(weight.numel(), dtype=torch.float64).reshape(weight.shape)
    (found,) = torch.autograd.grad((weight * upstream).sum(), alpha["g"])
    p, u = weight.detach().numpy(), upstream.numpy()
    expected = p * (u - (p * u).sum(1, keepdims=True)) / 0.7
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12, atol=1e-14)
    assert not found.numpy()[~group.mask].any()


def test_initial_values():
    """Normal with the published deviation of 1e-3; 224 values, so the bounds are five standard errors."""
    alpha = Softmax().init(Darts().choices, Streams(3).generator("alpha"))
    assert {n: v.shape for n, v in alpha.items()} == {"normal": (14, 8), "reduce": (14, 8)}
    values = 1e3 * np.concatenate([v.ravel() for v in alpha.values()])
    assert {v.dtype for v in alpha.values()} == {np.dtype(np.float32)}
    assert abs(values.mean()) < 5 / np.sqrt(values.size)
    assert abs(values.std() - 1) < 5 / np.sqrt(2 * values.size)
