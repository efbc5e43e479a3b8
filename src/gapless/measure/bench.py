"""Bench: a search stood still, in float64, on two fixed batches, so that update rules can be compared."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from gapless.core import Progress, Streams
from gapless.core.training import Optim
from gapless.data.batches import Names
from gapless.engine.run import Run
from gapless.nets.descent import Descent
from gapless.nets.gate import Gate, Mix
from gapless.nets.statistics import still
from gapless.parts.contract import Alpha, Batch
from gapless.parts.update.product import dot, filled


@dataclass
class Bench:
    """What an update rule sees of a search that does not go on.

    The weights' objective is ``L_tr(w, alpha) + decay / 2 |w|^2`` on the training batch; BatchNorm layers use
    the batch's statistics, there is no drop path, and a relaxation that draws numbers draws the same ones at
    every call.

    Args:
        run: a search with a relaxation; it is not changed.
        images: in each of the two batches.
    """

    run: Run
    images: int = 64
    alpha_moves: bool = True
    progress: Progress = field(init=False)
    net: nn.Module = field(init=False)
    alpha: Alpha = field(init=False)
    train: Batch = field(init=False)
    val: Batch = field(init=False)

    def __post_init__(self) -> None:
        run = self.run
        self.progress = replace(run.progress, step=max(0, run.progress.step - 1))
        self.choices, self.device, self.extra = run.choices, run.device, dict(run.extra)
        self.net = copy.deepcopy(run.net).double().train()
        self.alpha = {n: a.detach().double().clone().requires_grad_() for n, a in run.alpha.items()}
        self.train, self.val = (self._batch(split) for split in (run.recipe.learns_from, "val"))
        self.weights = Descent(dict(self.net.named_parameters()), run.recipe.weights)
        state = run.weights.state()
        self.weights.restore({k: v.double() if v.is_floating_point() else v for k, v in state.items()})
        self.alphas = Descent(self.alpha, Optim("sgd", 0.1, (0.0, 0.0), 0.0))

    def _batch(self, split: Names) -> Batch:
        run = self.run
        return run.data.batch(split, 0, self.images, self.streams, run.device, torch.float64)

    @property
    def streams(self) -> Streams:
        return self.run.streams_of_run.child("bench")

    @property
    def decay(self) -> float:
        return float(self.run.recipe.weights.weight_decay)

    @contextmanager
    def beginning(self) -> Iterator[None]:
        """Within, the weights' learning rate is that of the stage's first step."""
        scheduled = self.weights.optim
        first = self.weights.lr(replace(self.progress, step=0, epoch=0))
        self.weights.optim = replace(scheduled, lr=first)
        try:
            yield
        finally:
            self.weights.optim = scheduled

    # -- what a rule asks for ---------------------------------------------------------------------

    def mix(self, alpha: Alpha | None = None) -> Mix:
        relax = self.run.stage.relax
        assert relax is not None
        rng = self.streams.generator("relax")
        found = relax(self.alpha if alpha is None else alpha, self.choices, self.progress, rng)
        return {name: doubled(gate) for name, gate in found.items()}

    def forward(self, x: Tensor, mix: Mix, weights: Mapping[str, Tensor] | None = None) -> Tensor:
        named: dict[str, Tensor] = dict(self.net.named_parameters() if weights is None else weights)
        with still(self.net):
            return functional_call(self.net, named, (x, mix))  # type: ignore[no-any-return]

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        return functional.cross_entropy(logits, labels, label_smoothing=self.run.recipe.label_smoothing)

    def penalty(self, mix: Mix) -> float:
        """Regularizers of alpha are no part of the bilevel problem that rules are compared on."""
        return 0.0

    def perturbed(self, mix: Mix, batch: Batch) -> Mix:
        return mix

    def paths(self) -> Sequence[Mix]:
        return []

    # -- the inner problem ------------------------------------------------------------------------

    @property
    def parameters(self) -> list[Tensor]:
        return list(self.weights.named.values())

    def inner(self) -> Tensor:
        """The weights' objective, a scalar."""
        x, y = self.train
        decayed = 0.5 * self.decay * dot(self.parameters, self.parameters) if self.decay else 0.0
        return self.loss(self.forward(x, self.mix()), y) + decayed

    def slope(self) -> float:
        """Norm of the gradient of the weights' objective."""
        found = torch.autograd.grad(self.inner(), self.parameters, allow_unused=True)
        there = filled(found, self.parameters)
        return float(dot(there, there).sqrt())

    def converge(self, evaluations: int, to: float) -> tuple[float, int]:
        """Moves the weights to a minimum of their objective by L-BFGS with a line search.

        Nocedal & Wright 2006, algorithm 7.5.

        Args:
            evaluations: of the objective and its gradient, at most.
            to: the norm of the gradient at which it is a minimum, as a multiple of that at the start.

        Returns:
            The norm of the gradient as a multiple of that at the start, and the evaluations that it took.
        """
        first, done = self.slope(), 0
        by = self.parameters
        solver = torch.optim.LBFGS(
            by, max_iter=20, history_size=20, tolerance_grad=0.0, tolerance_change=0.0,
            line_search_fn="strong_wolfe",
        )  # fmt: skip

        def closure() -> float:
            nonlocal done
            done += 1
            loss = self.inner()
            for w, g in zip(by, filled(torch.autograd.grad(loss, by, allow_unused=True), by), strict=True):
                w.grad = g.contiguous()
            return float(loss.detach())

        left, before = 1.0, None
        while done < evaluations and left > to:
            solver.step(closure)  # type: ignore[no-untyped-call]
            left = self.slope() / first if first else 0.0
            if left == before:
                break
            before = left
        for w in by:
            w.grad = None
        return left, done


def doubled(gate: Gate) -> Gate:
    """The gate with values in float64."""
    return gate if gate.weight is None else replace(gate, weight=gate.weight.double())
