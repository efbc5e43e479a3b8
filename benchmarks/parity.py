"""The fast path's numbers beside those of the plain list of modules, in float64, as relative errors.

python -m benchmarks.parity CONFIG PATH
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import torch

from benchmarks.steps import CONFIGS, along, started
from gapless.parts.update.bilevel import Bilevel

BATCH = 8


def errors(name: str, path: str = "fast") -> dict[str, float]:
    """Largest error of each kind of number relative to the largest such number, on a batch of 8."""
    config = replace(CONFIGS[name], batch=BATCH)
    results = []
    for way in ("plain", path):
        with along(way):
            run = started(config, way, torch.float64)
            (x, y), (u, v) = run.batches()
            train, val = (x.double(), y), (u.double(), v)
            for table in run.alpha.values():
                table.data = table.data.double()
            weights, alphas = list(run.weights.named.values()), list(run.alpha.values())
            found = {"second-order alpha-gradient": list(Bilevel(order=2).gradient(run, train, val)[0])}
            logits = run.net(x.double(), run.mix())
            gradients = torch.autograd.grad(run.loss(logits, y), [*weights, *alphas])
            found |= {"output": [logits.detach()], "gradient of weights": list(gradients[: len(weights)])}
            found |= {"gradient of alpha": list(gradients[len(weights) :])}
            buffers = [b for name, b in run.net.named_buffers() if "running" in name]
            results.append(found | {"running statistics": [b.clone() for b in buffers]})
    plain, fast = results
    return {kind: max(map(_error, plain[kind], fast[kind])) for kind in plain}


def _error(one: torch.Tensor | None, other: torch.Tensor | None) -> float:
    assert one is not None
    assert other is not None
    return float((one - other).abs().max() / one.abs().max().clamp_min(1e-300))


if __name__ == "__main__":
    print(json.dumps(errors(*sys.argv[1:])))
