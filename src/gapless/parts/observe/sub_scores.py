"""Sub-network scores: what random sub-networks are worth now, for samplers that learn from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from gapless.nets.gate import path
from gapless.parts.contract import Extra, RunView

CODES, SCORES = "sub-network scores/codes", "sub-network scores/accuracy"


@dataclass(frozen=True)
class SubScores:
    """Column ``sub_accuracy``: mean validation accuracy of random sub-networks with shared weights.

    Scores are kept with the run; the latest ``kept`` of them are what `Steered` learns from. They are dropped
    when the space gets smaller.

    Args:
        architectures: scored after an epoch, each drawn uniformly.
        batches: of the validation split, for each.
        kept: scores.
    """

    architectures: int = 8
    batches: int = 1
    kept: int = 200

    def init(self, run: RunView) -> Extra:
        return {CODES: torch.zeros(0, 0), SCORES: torch.zeros(0)}

    def __call__(self, run: RunView) -> dict[str, float]:
        rng = run.streams.generator("sub-network scores")
        archs = [run.choices.sample(rng) for _ in range(self.architectures)]
        codes = torch.from_numpy(np.array([run.choices.encode(arch) for arch in archs], dtype=np.float32))
        mixes = (path(run.choices.active(arch)) for arch in archs)
        scores = torch.tensor([run.validation(mix, self.batches).accuracy for mix in mixes])
        known, values = run.extra[CODES], run.extra[SCORES]
        if known.shape[1] != codes.shape[1]:
            known, values = codes[:0], values[:0]
        run.extra[CODES] = torch.cat((known.cpu(), codes))[-self.kept :]
        run.extra[SCORES] = torch.cat((values.cpu(), scores))[-self.kept :]
        return {"sub_accuracy": float(scores.mean())}


def scored(run: RunView) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Encodings `n x options` and accuracies `n` of sub-networks of the present space, if any."""
    codes, scores = run.extra.get(CODES), run.extra.get(SCORES)
    options = len(run.choices.encode(run.choices.at(0)))
    if codes is None or scores is None or codes.shape[1] != options:
        return np.zeros((0, options)), np.zeros(0)
    return codes.double().cpu().numpy(), scores.double().cpu().numpy()
