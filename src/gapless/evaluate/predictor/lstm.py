"""LSTM: architectures read as a sentence of what is picked."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from gapless.evaluate.predictor.contract import Values, check, check_settings
from gapless.evaluate.predictor.training import Trained, trained


class Readers(nn.Module):
    """Encodings `n x options` to `members x n`: embedding, LSTM, and a linear layer on its last state."""

    def __init__(self, members: int, options: int, width: int) -> None:
        super().__init__()
        self.embeddings = nn.ModuleList(nn.Embedding(options, width) for _ in range(members))
        self.lstms = nn.ModuleList(nn.LSTM(width, width, batch_first=True) for _ in range(members))
        self.heads = nn.ModuleList(nn.Linear(width, 1) for _ in range(members))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        words, lengths = sentences(x)
        last = (lengths - 1).clamp(min=0).view(-1, 1, 1)
        outputs = []
        for embed, lstm, head in zip(self.embeddings, self.lstms, self.heads, strict=True):
            states = lstm(embed(words))[0]
            outputs.append(head(states.gather(1, last.expand(-1, 1, states.shape[2]))).flatten())
        return torch.stack(outputs)


def sentences(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Encodings `n x options` to the numbers of the picked options in order, `n x longest`, and their counts.

    What follows the last one of a row is 0.
    """
    lengths = (x > 0).sum(1)
    longest = max(1, int(lengths.max()))
    order = torch.where(x > 0, torch.arange(x.shape[1]), x.shape[1]).sort(1).values[:, :longest]
    return torch.where(order < x.shape[1], order, 0), lengths


@dataclass(frozen=True)
class Lstm:
    """Liu et al. 2018 (PNAS), section 4.2: the mean of five LSTMs, and their spread.

    Deviation: 32 units where the published ones have 100, a linear output with the squared error where they
    have a sigmoid with the absolute one, and every member sees all rows, where each sees four fifths.

    Args:
        members: networks, which differ by their first weights.
        width: of the embedding and of the state.
        epochs: steps on all rows.
        lr: the first learning rate of Adam.
        seed: of the first weights.

    Raises:
        BadValue: a number below 1.
    """

    members: int = 5
    width: int = 32
    epochs: int = 80
    lr: float = 0.01
    seed: int = 0

    def __post_init__(self) -> None:
        check_settings(members=(self.members, 1), width=(self.width, 1), epochs=(self.epochs, 1))

    def fit(self, x: Values, y: Values) -> Trained:
        check(x, y)

        def build() -> nn.Module:
            return Readers(self.members, x.shape[1], self.width)

        return trained(build, x, y, self.epochs, self.lr, 0.01, self.seed)
