"""Steered sampling: a predictor of sub-network accuracy says which sub-networks train more often."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, cast

import numpy as np

from gapless.core import Space
from gapless.evaluate.predictor.contract import Model, Predictor, Values, fitted
from gapless.evaluate.predictor.linear import Linear
from gapless.evaluate.predictor.normal_scores import normal_scores
from gapless.parts.contract import Active, RunView
from gapless.parts.observe.sub_scores import SubScores, scored


@dataclass(frozen=True)
class Steered:
    """``n`` architectures a step, each of ``candidates`` uniform ones by ``P(i) ~ exp(m_i / temperature)``.

    m is the prediction of a model fitted to the normal scores of what the observer ``sub-scores`` of the
    stage has found so far; uniform before it found ``least``. A predictor inside the training of a
    super-network: Chen et al. 2020 (fitting the search space with graph convolutional networks), who cut the
    space down by it between trainings. Deviation: nothing is cut, the odds are moved; linear by default.

    Args:
        predictor: reads encodings.
        candidates: see above.
        temperature: in standard deviations of accuracy over sub-networks; above 0.
        least: scores before anything is learnt.
        n: architectures.
    """

    predictor: Predictor = field(default_factory=Linear)
    candidates: int = 16
    temperature: float = 1.0
    least: int = 16
    n: int = 1

    def __call__(self, run: RunView, rng: np.random.Generator) -> Sequence[Active]:
        x, y = scored(run)
        learns, predictor = len(y) >= self.least, cast(Hashable, self.predictor)
        model = _learnt(predictor, x.tobytes(), y.tobytes(), len(y)) if learns else None
        found = []
        for _ in range(self.n):
            archs = [run.choices.sample(rng) for _ in range(self.candidates if model else 1)]
            number = 0
            if model:
                m = model.predict(np.array([run.choices.encode(arch) for arch in archs]))
                number = int(rng.choice(len(archs), p=chances(m, self.temperature)))
            found.append(run.choices.active(archs[number]))
        return found

    def conflicts(self, recipe: Any, stage: Any, choices: Space) -> Iterable[str]:
        if not any(isinstance(part, SubScores) for part in stage.observe):
            yield "the sampler 'steered' learns from the observer 'sub-scores', but the stage has none"
        if self.temperature <= 0 or min(self.candidates, self.n, self.least) < 1:
            yield (
                "the sampler 'steered' needs a temperature > 0, and at least 1 candidate, score and "
                f"architecture, but has {self.temperature}, {self.candidates}, {self.least} and {self.n}"
            )


def chances(m: Values, temperature: float) -> Values:
    """``exp(m_i / temperature) / sum_j exp(m_j / temperature)``, `n`."""
    strong = np.exp((m - m.max()) / temperature)
    found: Values = strong / strong.sum()
    return found


@lru_cache(maxsize=4)
def _learnt(predictor: Hashable, x: bytes, y: bytes, rows: int) -> Model:
    """The model, fitted once an epoch: a function of its arguments alone."""
    values = normal_scores(np.frombuffer(y))
    return fitted(cast(Predictor, predictor), np.frombuffer(x).reshape(rows, -1), values)
