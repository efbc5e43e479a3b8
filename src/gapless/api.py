"""The Python interface: one call from a space and data to a found network."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from gapless.core.errors import BadValue
from gapless.data import Data
from gapless.engine.folder import RunFolder
from gapless.engine.recipe import Recipe
from gapless.evaluate.contract import Evaluator
from gapless.explore.contract import Explorer
from gapless.job import explore as exploring
from gapless.job.compare import compare as _compared
from gapless.job.exploration import Exploration, resolved
from gapless.job.explore import Explored
from gapless.job.found import Found
from gapless.job.job import begin, carried_out, reopened
from gapless.job.plan import plan
from gapless.job.request import Request
from gapless.job.show import Bars, Quiet
from gapless.spaces.contract import SearchSpace


def search(
    space: str | SearchSpace = "darts",
    data: str | Data = "digits",
    method: str | Recipe = "darts",
    *,
    run: str | os.PathLike[str],
    seed: int = 0,
    preset: str = "quick",
    epochs: int | None = None,
    settings: Mapping[str, Any] | None = None,
    device: str | torch.device = "auto",
    root: str | None = None,
    retrain: bool = True,
    audit: bool = True,
    archs: int = 3,
    seeds: int = 3,
    limits: Mapping[str, Any] | None = None,
    progress: bool = False,
) -> Found:
    """Searches, trains what was found, measures the gap and writes a report.

    Args:
        space: a name of `gapless.spaces.names`, or an object.
        data: a name of `gapless.data.names`, or an object, e.g. from `gapless.data.from_datasets`.
        method: a name of `gapless.methods.names`, or a recipe.
        run: the folder for everything that is written; it must be new or empty.
        device: ``auto``, ``cpu`` or ``cuda``, or a device of torch.
        settings: single fields, as ``--set`` takes them: ``{"weights.lr": 0.01, "search.channels": 4}``.
        retrain: whether the found architecture is trained alone and exported.
        audit: whether the accuracy chain and the random baseline are measured.
        archs: random architectures of the baseline.
        seeds: trainings of the found architecture.
        limits: the most that costs may be, as ``--max`` takes them: ``{"params": "1M", "latency": "3ms"}``;
            for methods that score sub-networks one by one.
        progress: whether progress bars go to standard error.

    Raises:
        Refused: what was asked cannot be done; nothing was computed and nothing written.
        Interrupted: Ctrl-C; `resume` goes on.
    """
    _check(space=space, data=data, method=method, run=run, settings=settings, limits=limits)
    request = Request(
        space if isinstance(space, str) else "object",
        data if isinstance(data, str) else "object",
        method if isinstance(method, str) else "object",
        preset, seed, epochs, tuple((k, str(v)) for k, v in (settings or {}).items()), str(device), root,
        retrain, audit, archs, seeds, limits=_typed(limits),
    )  # fmt: skip
    RunFolder.vacant(run)
    planned = plan(request, *_objects(space, data, method))
    show = Bars() if progress else Quiet()
    return carried_out(planned, begin(planned, run, show), show)


def explore(
    space: str | SearchSpace = "nb201",
    explorer: str | Explorer = "genetic",
    evaluator: str | Evaluator = "standalone",
    *,
    run: str | os.PathLike[str],
    trials: int = 100,
    seed: int = 0,
    data: str | Data = "digits",
    preset: str = "quick",
    epochs: int | None = None,
    limits: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    storage: str | None = None,
    workers: int = 1,
    device: str | torch.device = "auto",
    root: str | None = None,
    progress: bool = False,
) -> Explored:
    """Scores architectures that an explorer proposes, and keeps the best.

    Args:
        space: a name of `gapless.spaces.names`, or an object.
        explorer: a name of `gapless.explorers`, ``optuna:`` and a sampler, or an object.
        evaluator: a name of `gapless.evaluators` with its argument, or an object.
        run: the folder of everything that is written; that of the same exploration is joined.
        trials: architectures to score.
        limits: the most that costs may be, as ``--max`` takes them: ``{"params": "1M", "latency": "3ms"}``.
        settings: single fields, as ``--set`` takes them: ``{"explorer.population": 20}``.
        storage: address of an Optuna storage; a journal in the folder where None.
        workers: processes that score at once; 1 where an object is given.
        progress: whether progress bars go to standard error.

    Raises:
        Refused: what was asked cannot be done.
        Interrupted: Ctrl-C; the same call, or `resume`, goes on.
    """
    _check(
        space=space, explorer=explorer, evaluator=evaluator, run=run, data=data, settings=settings,
        limits=limits,
    )  # fmt: skip
    request = Exploration(
        space if isinstance(space, str) else "object",
        explorer if isinstance(explorer, str) else "object",
        evaluator if isinstance(evaluator, str) else "object",
        trials, seed, data if isinstance(data, str) else "object", preset, epochs,
        _typed(limits),
        tuple((k, str(v)) for k, v in (settings or {}).items()), storage, workers, str(device),
        root,
    )  # fmt: skip
    terrain = resolved(
        request,
        None if isinstance(space, str) else space,
        None if isinstance(explorer, str) else explorer,
        None if isinstance(evaluator, str) else evaluator,
        None if isinstance(data, str) else data,
    )
    terrain.check()
    show = Bars() if progress else Quiet()
    return exploring.carried_out(terrain, exploring.begin(terrain, run, show), show)


def resume(
    run: str | os.PathLike[str],
    *,
    space: SearchSpace | None = None,
    data: str | Data | None = None,
    method: Recipe | None = None,
    explorer: Explorer | None = None,
    evaluator: Evaluator | None = None,
    root: str | None = None,
    progress: bool = False,
) -> Found | Explored:
    """Continues a run where its last checkpoint left it; objects that it was given are given again.

    Args:
        data: an object, or ``folder:PATH`` where a folder of images was moved.
        root: where other data sets lie now.

    Raises:
        BadRunFolder: no run there, or what it needs has changed.
    """
    show = Bars() if progress else Quiet()
    images, place = (None, data) if isinstance(data, str) else (data, None)
    if exploring.explores(run):
        objects = {"space": space, "explorer": explorer, "evaluator": evaluator, "data": images}
        return exploring.carried_out(*exploring.reopened(run, root, place, **objects), show)
    planned, folder = reopened(run, space, images, method, root, place)
    return carried_out(planned, folder, show)


def compare(
    runs: Sequence[str | os.PathLike[str]], *, out: str | os.PathLike[str] | None = None
) -> dict[str, Any]:
    """Sets finished searches side by side, grouped by what they were searched with and paired by seed.

    Args:
        runs: their folders; that of an ablation stands for all its searches.
        out: where an HTML page goes.

    Returns:
        What ``gapless compare --json`` prints; see `gapless.job.compare.compare`.

    Raises:
        BadValue: fewer than two folders.
        BadRunFolder: a folder holds no search, or the page cannot be written.
    """
    found = _compared(runs)
    if out is not None:
        from gapless.report.comparison import write

        found["page"] = str(write(found, out))
    return found


_KINDS: Mapping[str, tuple[Callable[[Any], bool], str, str]] = {
    "space": (
        lambda v: isinstance(v, str) or (hasattr(v, "choices") and hasattr(v, "network")),
        "the name of a space, or a space", "see gapless.spaces.names()",
    ),
    "data": (
        lambda v: isinstance(v, str | Data),
        "the name of a data set, or data", "make them with gapless.data.from_datasets",
    ),
    "method": (
        lambda v: isinstance(v, str | Recipe),
        "the name of a method, or a recipe", "see gapless.methods.names()",
    ),
    "explorer": (
        lambda v: isinstance(v, str) or hasattr(v, "ask"),
        "the name of an explorer, or an explorer", "see gapless.explore.names()",
    ),
    "evaluator": (
        lambda v: isinstance(v, str) or callable(v),
        "the name of an evaluator, or an evaluator", "e.g. 'standalone'",
    ),
    "run": (lambda v: isinstance(v, str | os.PathLike), "run, the path of a folder", "e.g. run='runs/a'"),
    "settings": (
        lambda v: v is None or isinstance(v, Mapping),
        "settings by name", "e.g. settings={'weights.lr': 0.01}",
    ),
    "limits": (
        lambda v: v is None or isinstance(v, Mapping), "limits by name", "e.g. limits={'params': '1M'}",
    ),
}  # fmt: skip


def _check(**given: Any) -> None:
    """Raises:
    BadValue: a Python object of the wrong kind.
    """
    for name, value in given.items():
        fits, expected, do = _KINDS[name]
        if not fits(value):
            raise BadValue(expected=expected, got=f"{name}={value!r}"[:80], do=do)


def _typed(limits: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Limits as they are typed after ``--max``."""
    return tuple(f"{name}={most}" for name, most in (limits or {}).items())


def _objects(
    space: str | SearchSpace, data: str | Data, method: str | Recipe
) -> tuple[SearchSpace | None, Data | None, Recipe | None]:
    return (
        None if isinstance(space, str) else space,
        None if isinstance(data, str) else data,
        None if isinstance(method, str) else method,
    )
