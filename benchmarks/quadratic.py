"""Bilevel problems whose answers are known, in the place of a search that update rules can work on.

Least squares in which alpha and the weights explain the same numbers, by features that overlap: with
``r = Xw + Za - y`` over a sample of m, both losses are ``|r|^2 / 2m``, each over a sample of its own. The
inner minimum is ``w*(a) = (X'X)^-1 X'(y - Za)``, and the derivative of ``L_val(w*(a), a)``

    grad_a L_val - (Z'X / m) H^-1 grad_w L_val,  H = X'X / m

with the sample of the training loss in the second term.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.func import functional_call

from gapless.core import Progress
from gapless.core.training import Optim
from gapless.nets.descent import Descent
from gapless.nets.gate import Gate

TRAIN = torch.zeros(1, dtype=torch.float64), torch.zeros(1, dtype=torch.int64)
VAL = torch.ones(1, dtype=torch.float64), torch.zeros(1, dtype=torch.int64)
"""The two batches: all that a batch says is which of the losses is meant."""


@dataclass(frozen=True)
class Sample:
    """Features of the weights `m x n`, features of alpha `m x k`, and what they explain, `m`."""

    X: torch.Tensor
    Z: torch.Tensor
    y: torch.Tensor

    def loss(self, w: torch.Tensor, a: torch.Tensor) -> torch.Tensor:
        return (self.X @ w + self.Z @ a - self.y).square().sum() / (2 * len(self.y))

    def slopes(self, w: torch.Tensor, a: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The gradients in w and in alpha."""
        r = (self.X @ w + self.Z @ a - self.y) / len(self.y)
        return self.X.T @ r, self.Z.T @ r


@dataclass(frozen=True)
class Quadratic:
    """One problem, in float64."""

    of_train: Sample
    of_val: Sample

    @classmethod
    def drawn(cls, n: int, k: int, condition: float, seed: int) -> Quadratic:
        """Two Gaussian samples of 2n, explained by the same weights and alpha but for noise.

        The eigenvalues of H are spread evenly in logarithm from 1 / condition to 1.
        """
        draw = torch.Generator().manual_seed(seed)

        def normal(*shape: int) -> torch.Tensor:
            return torch.randn(shape, generator=draw, dtype=torch.float64)

        m = 2 * n
        spectrum = condition ** -torch.linspace(0, 1, n, dtype=torch.float64)
        root = torch.linalg.qr(normal(n, n)).Q * spectrum.sqrt()
        overlap, w, a = normal(n, k), normal(n), normal(k)

        def sample(white: torch.Tensor) -> Sample:
            X = white @ root.T
            Z = X @ overlap + normal(m, k)
            return Sample(X, Z, X @ w + Z @ a + normal(m) / 2)

        return cls(sample(torch.linalg.qr(normal(m, n)).Q * m**0.5), sample(normal(m, n)))

    @property
    def hessian(self) -> torch.Tensor:
        """H."""
        return self.of_train.X.T @ self.of_train.X / len(self.of_train.y)

    def train(self, w: torch.Tensor, a: torch.Tensor) -> torch.Tensor:
        return self.of_train.loss(w, a)

    def val(self, w: torch.Tensor, a: torch.Tensor) -> torch.Tensor:
        return self.of_val.loss(w, a)

    def minimum(self, a: torch.Tensor) -> torch.Tensor:
        """w*(a)."""
        of = self.of_train
        return torch.linalg.solve(self.hessian, of.X.T @ (of.y - of.Z @ a) / len(of.y))

    def implicit(self, a: torch.Tensor) -> torch.Tensor:
        """The derivative of ``L_val(w*(a), a)``."""
        by_w, by_a = self.of_val.slopes(self.minimum(a), a)
        of = self.of_train
        return by_a - of.Z.T @ of.X @ torch.linalg.solve(self.hessian, by_w) / len(of.y)


class Net(nn.Module):
    """A problem as a network: its weights in two parts, its output the loss that the batch asks for."""

    def __init__(self, problem: Any, w: torch.Tensor) -> None:
        super().__init__()
        self.problem = problem
        self.first, self.rest = nn.Parameter(w[:2].clone()), nn.Parameter(w[2:].clone())

    def forward(self, x: torch.Tensor, mix: dict[str, Gate]) -> torch.Tensor:
        w, a = torch.cat([self.first, self.rest]), mix["a"].weight
        assert a is not None
        loss: torch.Tensor = (self.problem.val if bool(x.item()) else self.problem.train)(w, a.flatten())
        return loss.reshape(1, 1)


@dataclass
class View:
    """What an update rule sees of a search, for a problem with ``train(w, a)`` and ``val(w, a)``.

    Args:
        problem: the two losses.
        w: where the weights are, `n`.
        a: where alpha is, `k`.
        optim: the weights' optimizer.
    """

    problem: Any
    w: torch.Tensor
    a: torch.Tensor
    optim: Optim = field(default_factory=lambda: Optim("sgd", 1.0, (0.0, 0.0), 0.0))
    alpha_moves: bool = True
    progress: Progress = field(default_factory=Progress)

    def __post_init__(self) -> None:
        self.net = Net(self.problem, self.w)
        self.alpha = {"a": self.a[None].clone().requires_grad_()}
        self.weights = Descent(dict(self.net.named_parameters()), self.optim)
        self.alphas = Descent(self.alpha, Optim("sgd", 0.1, (0.0, 0.0), 0.0))

    def mix(self, alpha: dict[str, torch.Tensor] | None = None) -> dict[str, Gate]:
        return {"a": Gate((self.alpha if alpha is None else alpha)["a"])}

    def forward(self, x: torch.Tensor, mix: Any, weights: Any = None) -> torch.Tensor:
        named = dict(self.net.named_parameters()) if weights is None else dict(weights)
        return functional_call(self.net, named, (x, mix))  # type: ignore[no-any-return]

    def loss(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return logits.sum()

    def penalty(self, mix: Any) -> float:
        return 0.0

    def perturbed(self, mix: Any, batch: Any) -> Any:
        return mix

    def paths(self) -> list[Any]:
        return []

    def gradient(self, rule: Any) -> torch.Tensor:
        """What a rule says that alpha's gradient is here, `k`."""
        found: torch.Tensor = rule.gradient(self, TRAIN, VAL)[0][0]
        return found.flatten()
