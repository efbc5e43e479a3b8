"""What cannot be built or held is refused at once, and what can be built is not."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from gapless import spaces
from gapless.core.errors import BadValue
from gapless.data.shape import ImageShape
from gapless.job.environment import memory
from gapless.job.limits import buildable
from gapless.spaces.chain import Chain
from gapless.spaces.contract import shares

IMAGE = ImageShape(1, 8, 8, 10)


@pytest.mark.parametrize("name", spaces.names())
@pytest.mark.parametrize("preset", ["quick", "paper"])
def test_shipped_presets_are_buildable(name: str, preset: str) -> None:
    space = spaces.get(name)
    before = torch.get_rng_state()
    buildable(space, space.presets[preset], IMAGE)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("use", ["search", "deploy"])
@pytest.mark.parametrize("name", spaces.names())
def test_what_does_not_fit_is_refused_within_a_moment(name: str, use: str) -> None:
    space = spaces.get(name)
    if use == "search" and not shares(space):
        pytest.skip("it has no super-network")
    preset = space.presets["quick"]
    huge = replace(preset, **{use: replace(getattr(preset, use), channels=1_000_000)})
    began = time.process_time()
    with pytest.raises(
        BadValue, match=rf"fit into memory, .* shape of {use} .*; lower {use}\.channels"
    ) as error:
        buildable(space, huge, IMAGE)
    assert time.process_time() - began < 20
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("field", "value"), [("channels", 1_000_001), ("channels", 10**30), ("depth", 1_001)]
)
def test_nobody_means_that(field: str, value: int) -> None:
    space = spaces.get("darts")
    preset = space.presets["quick"]
    huge = replace(preset, deploy=replace(preset.deploy, **{field: value}))
    with pytest.raises(BadValue, match=rf"deploy\.{field} of at most"):
        buildable(space, huge, IMAGE)


class Reads(nn.Module):
    """An operation that looks at its own numbers when it is made."""

    def __init__(self, *_shape: Any) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3))
        self.scale = self.weight.sum().item()


def test_an_operation_that_reads_its_own_numbers_is_built_for_real() -> None:
    space = Chain(options=("identity", "own"), own={"own": Reads})
    with torch.device("meta"), pytest.raises(RuntimeError):
        Reads()
    buildable(space, space.presets["quick"], IMAGE)


def test_memory_is_no_more_than_the_limit_of_the_process() -> None:
    code = "from gapless.job.environment import memory; print(memory())"
    limit = 2**33 + 4096
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )  # fmt: skip
    assert 0 < int(done.stdout) <= limit
    assert memory() > 2**28
