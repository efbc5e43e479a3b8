"""What of a run is saved, and how it comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from gapless.core import Path, Progress, Space
from gapless.core.record import Record
from gapless.engine.extra import fill, flat

if TYPE_CHECKING:
    from gapless.engine.run import Run


def snapshot(run: Run) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """All tensors by name, and all other values as JSON."""
    tensors: dict[str, torch.Tensor] = {}
    parts = {
        "net": run.net.state_dict(), "alpha": run.alpha, "weights": run.weights.state(),
        "alphas": run.alphas.state(), "extra": flat(run.extra), "sums": run.sums,
    }  # fmt: skip
    for part, named in parts.items():
        tensors |= {f"{part}:{name}": value for name, value in named.items()}
    remembered, memory = run.memory.saved()
    tensors |= {f"memory:{name}": value for name, value in remembered.items()}
    progress = run.progress
    values = {
        "progress": [progress.step, progress.steps, progress.epoch, progress.epochs, progress.stage],
        "total": run.total,
        "options": [[list(path), option] for path, option in _options(run.choices, ())],
        "trace": run.trace,
        "alpha_trace": run.alpha_trace,
        "memory": memory,
        "trained": run.trained,
        "history": [record.to_json() for record in run.history],
    }
    return tensors, values


def restore(run: Run, tensors: dict[str, torch.Tensor], values: dict[str, Any]) -> None:
    """Puts a freshly made run where `snapshot` was taken."""
    go_back(run, tensors, values)
    run.memory.restore(_part(tensors, "memory"), values["memory"])
    run.total = values["total"]
    run.trace, run.alpha_trace = values["trace"], values["alpha_trace"]
    run.trained = values["trained"]
    run.history = [Record.from_json(record) for record in values["history"]]


def go_back(run: Run, tensors: dict[str, torch.Tensor], values: dict[str, Any]) -> None:
    """Puts a run where `snapshot` was taken; its trace, its history and the count of batches go on."""
    kept = {(tuple(path), option) for path, option in values["options"]}
    progress = Progress(*values["progress"])
    choices = run.space.choices.restrict(lambda path, option: (path, option) in kept)
    if progress.stage != run.progress.stage or choices != run.choices:
        run.stand(progress, choices)
    else:
        run.progress = progress
        run.equip()

    def part(name: str) -> dict[str, torch.Tensor]:
        return _part(tensors, name)

    run.net.load_state_dict(part("net"))
    with torch.no_grad():
        for name, value in part("alpha").items():
            run.alpha[name].copy_(value)
    run.weights.restore(part("weights"))
    run.alphas.restore(part("alphas"))
    fill(run.extra, part("extra"))
    run.sums = {n: v if n.startswith("n/") else v.to(run.device) for n, v in part("sums").items()}


def _part(tensors: dict[str, torch.Tensor], name: str) -> dict[str, torch.Tensor]:
    start = f"{name}:"
    return {key[len(start) :]: value for key, value in tensors.items() if key.startswith(start)}


def _options(space: Space, prefix: Path) -> list[tuple[Path, str]]:
    """Every (path, option) of the tree, those of the relaxation only included."""
    found = []
    for choice in space.choices:
        path = (*prefix, choice.name)
        found += [(path, option) for option in (*choice.relaxed_only, *choice.options)]
        for option, inner in choice.options.items():
            if inner is not None:
                found += _options(inner, (*path, option))
    return found
