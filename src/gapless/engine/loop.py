"""The one loop. It names no part: a method that needs an ``if`` here has a part with the wrong contract."""

from __future__ import annotations

from collections.abc import Callable

from gapless.core import Arch
from gapless.engine.recipe import Select
from gapless.engine.run import Run


def units(run: Run) -> int:
    """Steps and evaluations of a whole search."""
    per_epoch = run.data.steps(run.recipe.learns_from, run.recipe.batch)
    return run.recipe.epochs * per_epoch + run.recipe.select.evaluations


def search(run: Run, after: Callable[[bool], None]) -> Arch:
    """Runs a search to its end, from wherever the run stands.

    Args:
        run: changed in place.
        after: called after every step of training or selection, when the run is whole and can be saved;
            its argument is True where an epoch or the search ended. It may raise to interrupt.

    Returns:
        The architecture.
    """
    while True:
        while run.progress.step < run.progress.steps:
            run.step()
            if run.epoch_ended:
                run.end_epoch()
            after(run.epoch_ended)
        if run.finished:
            break
        run.next_stage()
    evaluate(run, run.recipe.select, run.recipe.select.evaluations, lambda: after(False))
    after(True)
    arch = run.recipe.select.arch(run)
    assert arch is not None
    return arch


def evaluate(run: Run, select: Select, count: int, after: Callable[[], None]) -> None:
    """Evaluates until the run's history has ``count`` records, or the selection finds nothing new.

    Args:
        after: called after every step of the selection; it may raise to interrupt.
    """
    while len(run.history) < count:
        before = len(run.history)
        select.step(run)
        if len(run.history) == before:
            break
        after()
