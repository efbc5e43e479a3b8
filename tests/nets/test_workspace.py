"""Memory that is used again."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gapless.nets.workspace import Workspace


def test_a_tensor_gives_its_memory_back_with_its_last_reference():
    space = Workspace()
    tensor = space.empty((4, 5), torch.float64)
    part = tensor[1:].t()
    used = space.used()
    del tensor
    assert (space.used(), space.idle()) == (used, 0)
    part.fill_(3)
    del part
    assert (space.used(), space.idle()) == (0, used)
    again = space.empty((20,), torch.float64)
    assert (space.used(), space.idle()) == (used, 0)
    assert again.shape == (20,)
    space.clear()


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(0, 400_000), st.booleans()), max_size=40))
def test_never_more_than_was_in_use_at_once(requests):
    space, held, most = Workspace(), [], 0
    for size, drop in requests:
        tensor = space.empty((size,), torch.uint8)
        tensor.fill_(len(held) % 251)
        held.append((tensor, len(held) % 251))
        most = max(most, space.used())
        assert space.used() + space.idle() <= most
        if drop:
            held.pop(0)
        del tensor
        assert all(bool((kept == value).all()) for kept, value in held)
    held.clear()
    assert space.used() == 0


def test_empty_shapes():
    space = Workspace()
    assert space.empty((0, 3), torch.float32).shape == (0, 3)
    assert space.empty((), torch.float32).shape == ()
