"""``seeded`` gives the same numbers and disturbs nobody else's."""

from __future__ import annotations

import pytest
import torch

from gapless.nets.seeded import seeded


def test_same_seed_same_numbers():
    def draw(seed):
        with seeded(seed):
            return torch.rand(5)

    assert torch.equal(draw(3), draw(3))
    assert not torch.equal(draw(3), draw(4))


def test_global_state_is_restored():
    before = torch.get_rng_state()
    with seeded(1):
        torch.rand(100)
        with seeded(2):
            torch.rand(3)
        assert torch.equal(torch.rand(1), torch.rand(101, generator=torch.Generator().manual_seed(1))[100:])
    assert torch.equal(torch.get_rng_state(), before)


def test_global_state_is_restored_after_an_error():
    before = torch.get_rng_state()

    def fail():
        with seeded(1):
            torch.rand(1)
            raise KeyError("stop")

    with pytest.raises(KeyError):
        fail()
    assert torch.equal(torch.get_rng_state(), before)
