"""Skip dropout: what passes a layer without a parameter is thinned out, less and less."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gapless.core import Progress, Schedule, Space, at
from gapless.nets.gate import Mix
from gapless.parts.contract import Batch, RunView
from gapless.parts.mask.skip_limit import SKIPS


@dataclass(frozen=True)
class Fading:
    """In epoch e of E: ``start (1 - (e + 1) / E)``; once ``u = e / E - until >= 0``, ``start exp(-decay u)``.

    Reference: chenxin061/pdarts, train_search.py, with E = 25, 10 epochs until, and exp(-0.2) an epoch.
    """

    start: float
    until: float = 0.4
    decay: float = 5.0

    def __call__(self, progress: Progress) -> float:
        done = progress.fraction("epoch")
        if done < self.until:
            return self.start * max(1 - (progress.epoch + 1) / progress.epochs, 0.0)
        return self.start * math.exp(-self.decay * (done - self.until))


@dataclass(frozen=True)
class SkipDropout:
    """Each element of a skip's output is zeroed with probability ``rate``, the others divided by 1 - rate.

    A skip that has parameters, because it halves or widens, is left alone. Reference: Chen et al. 2019
    (P-DARTS), section 3.3; chenxin061/pdarts, model_search.py.

    Args:
        rate: a number or a schedule, from 0 to below 1.
        skips: names of the options that are skips.
    """

    rate: Schedule[float] = field(default_factory=lambda: Fading(0.4))
    skips: tuple[str, ...] = SKIPS

    def __call__(self, run: RunView, mix: Mix, batch: Batch) -> Mix:
        rate = float(at(self.rate, run.progress))
        if not rate:
            return mix
        params, found = run.costs("params"), dict(mix)
        for group in run.choices.groups():
            named = np.isin(group.options, self.skips)
            where: NDArray[np.bool_] = named & group.mask & (params[group.name] == 0)
            rates = np.where(where, rate, 0.0)
            before = mix[group.name].dropout
            if before is not None:
                rates = 1 - (1 - rates) * (1 - before)
            found[group.name] = replace(mix[group.name], dropout=rates)
        return found

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if not callable(self.rate) and not 0 <= self.rate < 1:
            yield f"'skip dropout' needs a rate from 0 to below 1, but has {self.rate}"
