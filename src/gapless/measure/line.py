"""The straight line from the mixture to the architecture that is read off it, and accuracy along it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from gapless.core import Arch
from gapless.engine.run import Run
from gapless.evaluate.accuracy import accuracy
from gapless.nets.gate import Gate

POINTS = 11
BATCH = 256


def line(
    run: Run, arch: Arch, points: int = POINTS, advance: Callable[[str], None] = lambda note: None
) -> dict[str, Any]:
    """Accuracy on ``audit`` with gate values ``(1 - t) mixture + t corner``, BatchNorm statistics kept.

    The corner has 1 where the architecture has an operation and 0 elsewhere, so the first point is a0 and
    the last is a1. Of a relaxation that draws numbers it is one draw.

    Returns:
        ``points``: t, accuracy and loss (nats) each; or ``missing`` where there is no mixture.
    """
    relax = run.stage.relax
    if relax is None:
        return {"missing": f"method '{run.recipe.name}' has no mixture to go from"}
    with torch.no_grad():
        rng = run.streams_of_run.generator("a0", 0)
        mix = relax(run.alpha, run.choices, run.progress, rng)
    corner = run.choices.active(arch)
    found = []
    for i in range(points):
        t = i / (points - 1)
        gates = {name: between(mix[name], corner[name], t) for name in corner}
        score = accuracy(run.net, run.data.ordered("audit", BATCH, run.device), gates)
        found.append({"t": t, "accuracy": score.accuracy, "loss": score.loss})
        advance(f"{100 * score.accuracy:.1f} %")
    return {"points": found}


def between(gate: Gate, corner: Any, t: float) -> Gate:
    """The gate values on the line; what the mixture does not compute counts as 0."""
    whole = torch.from_numpy(corner)
    weight = torch.ones(whole.shape) if gate.weight is None else gate.weight.detach()
    end = whole.to(weight)
    if gate.active is not None:
        weight = weight * torch.from_numpy(gate.active).to(weight)
    return Gate((1 - t) * weight + t * end)
