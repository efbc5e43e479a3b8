"""Searches on a device that is not the host, here a pretended one: nothing is mixed, and all comes back."""

from contextlib import nullcontext

import pytest
import torch

import gapless.methods
from gapless.core import Streams
from gapless.engine.run import Run
from gapless.testing.methods import SPACES, advance, digits, reopened, shortened, started

from .elsewhere import CUDA, Elsewhere, There

CHAIN, DARTS = SPACES
METHODS = ["autoslim", "bayesnas", "cdarts", "da2s", "darts-2nd", "darts-es", "darts-plus", "enas", "gdas",
           "gold-nas", "ofa", "proxylessnas-rl", "sdarts-adv", "sgas-2", "spos"]  # fmt: skip
"""Of each kind of update, and those whose parts carry something from step to step."""


@pytest.fixture
def elsewhere(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device", lambda device: nullcontext())
    monkeypatch.setattr(torch.cuda, "manual_seed", lambda seed: None)
    monkeypatch.setattr(torch.random, "fork_rng", lambda devices=(), fork=torch.random.fork_rng: fork(()))
    before = torch.__future__.get_overwrite_module_params_on_conversion()
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    with Elsewhere():
        yield
    torch.__future__.set_overwrite_module_params_on_conversion(before)


def begun(method, tiny):
    space, shape = tiny
    return Run(shortened(gapless.methods.get(method, "quick")), space, shape, digits(), Streams(0), CUDA)


@pytest.mark.parametrize("method", METHODS)
def test_a_search_goes_on_from_a_checkpoint_on_its_device(elsewhere, method):
    """Stopped after an epoch, when observers and masks have been asked; with the host's result."""
    run = begun(method, CHAIN)
    advance(run, 4)
    again = reopened(run)
    assert all(isinstance(weight, There) for weight in again.weights.tensors)
    host = started(run.recipe, CHAIN)
    assert advance(again) == advance(host)
    losses = [[row["train_loss"] for row in each.trace] for each in (again, host)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_cells_are_computed_on_their_device(elsewhere):
    run = begun("darts", DARTS)
    advance(run, 1)
    assert all(isinstance(table, There) for table in run.alpha.values())


def test_a_mixture_of_devices_is_refused(elsewhere):
    """That this device can say no."""
    there, here = torch.ones(3, device="cuda"), torch.ones(3)
    with pytest.raises(RuntimeError, match="host and device"):
        there + here
    with pytest.raises(TypeError, match="NumPy"):
        there.numpy()
    with pytest.raises(RuntimeError, match="generator"):
        there.clone().normal_(generator=torch.Generator())
    assert torch.equal((there + here.to("cuda") + here.sum()).cpu(), torch.full((3,), 5.0))
