"""Toy parts that a run can be made to do things with."""

from dataclasses import dataclass, replace

import gapless.methods
from gapless.parts.contract import Stop
from gapless.testing.methods import SPACES, shortened, started

CHAIN, DARTS = SPACES


@dataclass(frozen=True)
class Keep:
    """After an epoch: the space without some options, each given as the path of its choice and its name."""

    dropped: tuple[tuple[str, str], ...]
    epoch: int = 1

    def __call__(self, run, gates):
        if run.progress.epoch != self.epoch:
            return None
        return run.choices.restrict(lambda path, option: ("/".join(path), option) not in self.dropped)


@dataclass(frozen=True)
class StopAfter:
    """Ends its stage after so many epochs; before that writes a column."""

    epoch: int = 1

    def __call__(self, run):
        if run.progress.epoch >= self.epoch:
            raise Stop
        return {"seen": float(run.progress.epoch)}


def recipe(method="darts", epochs=2, **stage):
    """A shortened recipe with a changed stage."""
    short = shortened(gapless.methods.get(method, "quick")).scaled(epochs)
    return replace(short, stages=tuple(replace(s, **stage) for s in short.stages))


def run(tiny=CHAIN, method="darts", epochs=2, seed=0, **stage):
    return started(recipe(method, epochs, **stage), tiny, seed)
