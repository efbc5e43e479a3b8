"""``docs/updates.md``: how far each update rule is from the implicit gradient, where that is known.

    python -m benchmarks.updates

Takes seconds and needs no data: the problems are the quadratics of `benchmarks.quadratic`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

import torch

from benchmarks.quadratic import Quadratic, View
from gapless.core.files import beside
from gapless.parts.update.formula import Formula
from gapless.parts.update.inverse import Conjugate, Neumann
from gapless.parts.update.matrix import Hessian
from gapless.parts.update.product import Exact

DOCUMENT = Path(__file__).parents[1] / "docs" / "updates.md"
CONDITIONS = (2, 10, 100, 10_000)
RULES = {
    "first order": Formula(),
    "second order, xi = 1": Formula(c="lr", point="ahead", product=Exact()),
    "Amended, eta = 1": Formula(c=1.0, matrix=Hessian(), product=Exact()),
    "mixed-level, first order, lambda = 1": Formula(train=1.0),
    "mixed-level, second order, lambda = 1": Formula(train=1.0, c="lr", point="ahead", product=Exact()),
    "one-level": Formula(train=1.0, val=0.0),
    "implicit, 10 conjugate gradients": Formula(c=1.0, matrix=Conjugate(10), product=Exact()),
    "implicit, 10 Neumann terms": Formula(c=1.0, matrix=Neumann(10, step=1.0), product=Exact()),
}
SECOND = (
    "second order, xi = 1",
    "Amended, eta = 1",
    "implicit, 10 conjugate gradients",
    "implicit, 10 Neumann terms",
)

HEAD = """# Update rules against the implicit gradient

Written by `python -m benchmarks.updates`; do not edit.

A rule says in which direction alpha goes. What they approximate is the derivative of L_val(w*(alpha), alpha),
w* being the weights that minimise the training loss for this alpha. In least squares it is known exactly:
`benchmarks/quadratic.py` has {n} weights and {k} values of alpha whose features overlap, a training and a
validation sample of {m}, and a Hessian H of the training loss whose eigenvalues are spread evenly in
logarithm from 1 / condition number to 1. Every number is the median of {draws} problems. The step of the
virtual weight step (xi) and of Amended-DARTS (eta) is 1, which is 1 / |H| and favours them: with smaller
steps both tend to the first order.

The error is |g - g*| / |g*|, and the angle is that between g and g*, in degrees; beyond 90 a step along g
makes the validation loss of the trained network worse. These problems are random: they show what a rule
neglects, not how much of it there is in a network.
"""


def far(
    rule: Any, condition: float, seed: int, n: int, k: int, steps: int | None
) -> tuple[float, float, float]:
    """Error, angle, and angle of the second term to the true second term, both in degrees.

    Args:
        steps: of gradient descent on the weights, from zero, before the rule is asked; None: w is w*.
    """
    view, true, first = posed(condition, seed, n, k, steps)
    found = view.gradient(rule)
    error = ((found - true).norm() / true.norm()).item()
    return error, angle(found, true), angle(found - first, true - first)


@cache
def posed(
    condition: float, seed: int, n: int, k: int, steps: int | None
) -> tuple[View, torch.Tensor, torch.Tensor]:
    """A problem at the point where rules are asked, its implicit gradient, and its first-order one."""
    problem = Quadratic.drawn(n, k, condition, seed)
    a = torch.randn(k, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    w = problem.minimum(a) if steps is None else torch.zeros(n, dtype=torch.float64)
    for _ in range(steps or 0):
        w = w - problem.of_train.slopes(w, a)[0]
    view = View(problem, w, a)
    return view, problem.implicit(a), view.gradient(Formula())


def angle(x: torch.Tensor, y: torch.Tensor) -> float:
    """Degrees between two vectors; 90 where one of them is zero."""
    lengths = (x.norm() * y.norm()).item()
    cosine = (x @ y).item() / lengths if lengths else 0.0
    return math.degrees(math.acos(min(1.0, max(-1.0, cosine))))


Cell = Callable[[Any, float], str]


def table(names: Iterable[str], cell: Cell, conditions: Sequence[float]) -> str:
    """One row a rule, one column a condition number."""
    lines = [
        "| rule | " + " | ".join(f"{c:,}" for c in conditions) + " |",
        "|---|" + "---|" * len(conditions),
    ]
    rows = ("| " + " | ".join([name, *(cell(RULES[name], c) for c in conditions)]) + " |" for name in names)
    return "\n".join([*lines, *rows]) + "\n"


def text(n: int = 20, k: int = 5, draws: int = 25, conditions: Sequence[float] = CONDITIONS) -> str:
    """The whole document."""
    known: dict[Any, list[tuple[float, float, float]]] = {}

    def of(rule: Any, condition: float, steps: int | None) -> list[tuple[float, float, float]]:
        key = rule, condition, steps
        if key not in known:
            known[key] = [far(rule, condition, seed, n, k, steps) for seed in range(draws)]
        return known[key]

    def error(steps: int | None) -> Cell:
        return lambda rule, c: f"{median(e for e, _, _ in of(rule, c, steps)):.2g}"

    def degrees(steps: int | None) -> Cell:
        return lambda rule, c: f"{median(d for _, d, _ in of(rule, c, steps)):.0f}"

    def astray(rule: Any, condition: float) -> str:
        return f"{sum(d > 90 for _, _, d in of(rule, condition, None)) / draws:.0%}"

    parts = [HEAD.format(n=n, k=k, m=2 * n, draws=draws)]
    for title, steps in (
        ("The weights are trained out: w = w*", None),
        ("The weights after 20 steps from zero", 20),
    ):
        parts += [f"## {title}\n", "Error, by condition number:\n", table(RULES, error(steps), conditions)]
        parts += ["Angle, by condition number:\n", table(RULES, degrees(steps), conditions)]
    parts += [
        "## The second term alone\n",
        "How often, at w = w*, the second term of a rule is more than 90 degrees from the true one. The\n"
        "paper of Amended-DARTS claims that its own never is.\n",
        table(SECOND, astray, conditions),
    ]
    return "\n".join(parts)


def main() -> None:
    DOCUMENT.parent.mkdir(exist_ok=True)
    with beside(DOCUMENT) as part:
        part.write_text(text())


if __name__ == "__main__":
    main()
