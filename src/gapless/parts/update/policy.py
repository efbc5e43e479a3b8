"""Policy: a recurrent network that decides one choice after another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from gapless.core import Arch, Path, Space


@dataclass
class Decided:
    """Along one architecture: sums of log-probabilities and of entropies (nats), the next input, h and c."""

    log_chance: Tensor
    entropy: Tensor
    inputs: Tensor
    memory: tuple[Tensor, Tensor]


class Policy(nn.Module):
    """An LSTM over all choices of a space, in their order, each followed by those inside what was picked.

    A decision is ``softmax(bound * tanh(W_c h + b_c))`` over the options of choice c that are not yet picked
    there; the next input is the embedding of the option that was taken, the first one is learnt. Where k
    options are picked, k decisions follow each other. Reference: Pham et al. 2018 (ENAS), section 2.2;
    melodyguan/enas, src/cifar10/micro_controller.py.

    Args:
        choices: any space in which every choice picks a fixed number.
        hidden: size of the LSTM's state and of embeddings.
        bound: see above; 0 for no bound, and then no tanh.
    """

    def __init__(self, choices: Space, hidden: int, bound: float) -> None:
        super().__init__()
        self.choices, self.bound = choices, bound
        self.columns, size = dict[Path, int](), 0
        for path, count in _counted(choices, ()):
            self.columns[path], size = size, size + count
        self.cell = nn.LSTMCell(hidden, hidden)
        self.first = nn.Parameter(torch.zeros(1, hidden))
        self.embedding = nn.Parameter(torch.zeros(size, hidden))
        self.weight = nn.Parameter(torch.zeros(size, hidden))
        self.bias = nn.Parameter(torch.zeros(size))

    @torch.no_grad()
    def begin(self, rng: np.random.Generator, width: float = 0.1) -> None:
        """All parameters uniform from -width to width, biases of decisions 0."""
        for name, value in self.named_parameters():
            drawn = rng.uniform(-width, width, tuple(value.shape))
            value.copy_(torch.from_numpy(drawn if name != "bias" else 0 * drawn))

    def draw(self, rng: np.random.Generator) -> tuple[Arch, Tensor, Tensor]:
        """An architecture, the logarithm of the probability of its decisions, and their entropies' sum."""
        nothing = torch.zeros_like(self.first)
        zero = nothing.sum()
        decided = Decided(zero, zero, self.first, (nothing, nothing))
        return self._space(self.choices, (), decided, rng), decided.log_chance, decided.entropy

    def _space(self, space: Space, prefix: Path, decided: Decided, rng: np.random.Generator) -> Arch:
        picks = []
        for choice in space.choices:
            path, options = (*prefix, choice.name), list(choice.options)
            picked: list[int] = []
            for _ in range(choice.least):
                picked.append(self._decide(path, len(options), picked, decided, rng))
            names = [options[i] for i in picked]
            inner = [(o, self._space(choice.inside(o), (*path, o), decided, rng)) for o in names]
            picks.append((choice.name, tuple(inner)))
        return Arch(tuple(picks))

    def _decide(
        self, path: Path, count: int, taken: list[int], decided: Decided, rng: np.random.Generator
    ) -> int:
        decided.memory = self.cell(decided.inputs, decided.memory)
        rows = slice(self.columns[path], self.columns[path] + count)
        logits = (decided.memory[0] @ self.weight[rows].T + self.bias[rows])[0]
        if self.bound:
            logits = self.bound * torch.tanh(logits)
        free = [i for i in range(count) if i not in taken]
        logs = torch.log_softmax(logits[free], 0)
        chances = logs.detach().double().exp().cumsum(0).tolist()
        point = rng.random() * chances[-1]
        at = next((i for i, sum_ in enumerate(chances) if point < sum_), len(free) - 1)
        decided.log_chance = decided.log_chance + logs[at]
        decided.entropy = decided.entropy - (logs.exp() * logs).sum()
        column = self.columns[path] + free[at]
        decided.inputs = self.embedding[column : column + 1]
        return free[at]


def _counted(space: Space, prefix: Path) -> Iterator[tuple[Path, int]]:
    """Every choice's path, and how many options it has."""
    for choice in space.choices:
        path = (*prefix, choice.name)
        yield path, len(choice.options)
        for option in choice.options:
            yield from _counted(choice.inside(option), (*path, option))
