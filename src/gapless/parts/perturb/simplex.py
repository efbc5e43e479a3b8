"""Simplex noise: the weights are trained for gates near those that there are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from gapless.core import Linear, Schedule, Space, Streams, at
from gapless.core.progress import Progress
from gapless.nets.gate import Gate, Mix
from gapless.parts.contract import Batch, RunView


@dataclass(frozen=True)
class SimplexNoise:
    """``gate <- P(gate + d)``, every entry of d uniform in [-radius, radius], drawn anew each step.

    P clips to [0, 1] and divides each row by its sum; a row of zeros gets a 1 where it was largest.
    Reference: Chen & Hsieh 2020 (SDARTS-RS), section 3.2; xiangning-chen/SmoothDARTS,
    attacker/perturb.py, sota/cnn/train_search.py (0.03 growing to 0.3 by epochs).

    Args:
        radius: the largest change of a gate before P.
    """

    radius: Schedule[float] = field(default_factory=lambda: Linear(0.03, 0.3, "epoch"))

    def __call__(self, run: RunView, mix: Mix, batch: Batch) -> Mix:
        moves = noise(run, "simplex noise", mix, float(at(self.radius, run.progress)))
        return {name: moved(gate, moves[name]) for name, gate in mix.items()}

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        return off_simplex("simplex noise", stage, choices)


def noise(run: RunView, name: str, mix: Mix, radius: float) -> dict[str, torch.Tensor]:
    """Uniform in [-radius, radius], for each gate `rows x options`."""
    rng, found = run.streams.generator(name), {}
    for group, gate in mix.items():
        assert gate.weight is not None
        drawn = torch.from_numpy(rng.uniform(-radius, radius, tuple(gate.weight.shape)))
        found[group] = drawn.to(gate.weight.device, gate.weight.dtype)
    return found


def moved(gate: Gate, by: torch.Tensor) -> Gate:
    """The gate moved by a constant and put back onto the simplex; options that a row lacks stay at 0."""
    assert gate.weight is not None
    table = gate.weight + by
    clipped, ranked = table.clamp(0, 1), table
    if gate.active is not None:
        there = torch.from_numpy(gate.active).to(table.device)
        clipped, ranked = clipped * there, table.masked_fill(~there, -torch.inf)
    total = clipped.sum(-1, keepdim=True)
    largest = torch.nn.functional.one_hot(ranked.argmax(-1), table.shape[-1]).to(table.dtype)
    return replace(gate, weight=torch.where(total == 0, largest, clipped / torch.where(total == 0, 1, total)))


def off_simplex(name: str, stage: Any, choices: Space) -> Iterable[str]:
    """Why gates of this stage cannot be moved on the simplex: tried with alpha away from where it starts."""
    if stage.relax is None or stage.sample is not None:
        yield f"'{name}' moves the gates of a mix, but the stage computes {_computed(stage)}"
        return
    streams = Streams(0)
    alpha = {
        group: torch.from_numpy(table + streams.generator(f"{name}/{group}").standard_normal(table.shape))
        for group, table in stage.relax.init(choices, streams.generator("alpha")).items()
    }
    mix = stage.relax(alpha, choices, Progress(), streams.generator("relax"))
    weights = [gate.weight for gate in mix.values()]
    if any(w is None or (w < 0).any() or (w.sum(-1) - 1).abs().max() > 1e-3 for w in weights):
        yield (
            f"'{name}' needs gates on the simplex, which add up to 1 at each choice, "
            f"but those of '{type(stage.relax).__name__}' do not"
        )


def _computed(stage: Any) -> str:
    return "without a relaxation" if stage.relax is None else "sampled paths"
