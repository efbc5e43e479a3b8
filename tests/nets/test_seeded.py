"""``seeded`` gives the same numbers and disturbs nobody else's."""

from __future__ import annotations

from contextlib import nullcontext

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


def test_generators_of_other_devices_are_left_alone(monkeypatch):
    """What is made on the host inside a step must not change what the step draws on its device."""
    seeds = []
    for name in ("manual_seed", "manual_seed_all"):
        monkeypatch.setattr(torch.cuda, name, seeds.append)
    with seeded(1):
        torch.rand(3)
    assert seeds == []


def test_on_a_device_its_generator_is_seeded(monkeypatch):
    seeds = []
    monkeypatch.setattr(torch.cuda, "manual_seed", seeds.append)
    monkeypatch.setattr(torch.cuda, "device", lambda device: nullcontext())
    monkeypatch.setattr(torch.random, "fork_rng", lambda devices: nullcontext())
    before = torch.get_rng_state()
    with seeded(5, "cuda"):
        drawn = torch.rand(3)
    torch.set_rng_state(before)
    assert seeds == [5]
    assert torch.equal(drawn, torch.rand(3, generator=torch.Generator().manual_seed(5)))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_state_of_a_device_is_restored():
    before = torch.cuda.get_rng_state()
    with seeded(1, "cuda"):
        first = torch.rand(3, device="cuda")
        with seeded(2):
            torch.rand(3)
        second = torch.rand(3, device="cuda")
    with seeded(1, "cuda"):
        assert torch.equal(torch.rand(3, device="cuda"), first)
        assert torch.equal(torch.rand(3, device="cuda"), second)
    assert torch.equal(torch.cuda.get_rng_state(), before)
