"""Windows of tensors: first channels, centres of kernels, views and not copies."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gapless.core.errors import BadValue
from gapless.nets.window import window

SIZES = st.lists(st.tuples(st.integers(1, 6), st.integers(0, 5)), max_size=4)


@given(SIZES)
def test_it_is_the_first_channels_and_the_centre_of_the_rest(sizes):
    shape, larger = [n for n, _ in sizes], [n + more for n, more in sizes]
    tensor = torch.arange(int(np.prod(larger)), dtype=torch.float64).reshape(larger)
    starts = [0 if i < 2 else (m - n) // 2 for i, (n, m) in enumerate(zip(shape, larger, strict=True))]
    wanted = tensor.numpy()[tuple(slice(s, s + n) for s, n in zip(starts, shape, strict=True))]
    found = window(tensor, shape)
    np.testing.assert_array_equal(found.numpy(), wanted)
    assert found.untyped_storage().data_ptr() == tensor.untyped_storage().data_ptr()


@given(SIZES)
def test_windows_of_windows_are_windows_where_kernels_are_odd(sizes):
    odd = [(2 * n + 1, 2 * more) for n, more in sizes]
    small = [n for n, _ in odd]
    middle, large = ([n + k * more for n, more in odd] for k in (1, 2))
    tensor = torch.randn(large)
    assert torch.equal(window(window(tensor, middle), small), window(tensor, small))


def test_the_same_shape_is_the_tensor_itself():
    tensor = torch.zeros(3, 2)
    assert window(tensor, (3, 2)) is tensor


@pytest.mark.parametrize("shape", [(4, 2), (3,), (3, 2, 1)])
def test_what_does_not_lie_within_is_refused(shape):
    with pytest.raises(BadValue, match=r"a shape within \(3, 2\)"):
        window(torch.zeros(3, 2), shape)
