"""A small LSTM whose outputs are logits, with its slopes, in NumPy: a step of it costs microseconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
States = tuple[tuple[Floats, Floats], ...]
Kept = tuple[Floats, ...]


@dataclass(frozen=True)
class Lstm:
    """Layers of cells (Hochreiter & Schmidhuber 1997, with forget gates), then ``W h + b``.

    With z = W_x x + W_h h + b, in the order input, forget, output, candidate::

        c <- sigmoid(z_f) c + sigmoid(z_i) tanh(z_g);    h <- sigmoid(z_o) tanh(c)

    Parameters are one vector theta. Inputs are rows of a table, the first one is a row of its own.

    Args:
        rows: of the table, and logits.
        hidden: units of a layer, and the size of inputs.
        layers: how many.
    """

    rows: int
    hidden: int
    layers: int

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of each part of theta, in order."""
        h = self.hidden
        table: dict[str, tuple[int, ...]] = {
            "first": (h,), "embedding": (self.rows, h), "weight": (self.rows, h), "bias": (self.rows,),
        }  # fmt: skip
        for k in range(self.layers):
            table |= {f"input{k}": (4 * h, h), f"state{k}": (4 * h, h), f"shift{k}": (4 * h,)}
        return table

    def begin(self, rng: np.random.Generator, width: float) -> Floats:
        """theta: uniform from -width to width, the biases of logits 0."""
        drawn = {name: rng.uniform(-width, width, shape) for name, shape in self.shapes.items()}
        drawn["bias"] *= 0
        return np.concatenate([value.ravel() for value in drawn.values()])

    def parts(self, theta: Floats) -> dict[str, Floats]:
        """Views of theta by name."""
        ends = np.cumsum([prod(shape) for shape in self.shapes.values()])[:-1]
        pieces = np.split(theta, ends)
        return {n: piece.reshape(s) for (n, s), piece in zip(self.shapes.items(), pieces, strict=True)}

    def rest(self, count: int) -> States:
        """States before the first step."""
        zero = np.zeros((count, self.hidden))
        return ((zero, zero),) * self.layers

    def step(self, p: dict[str, Floats], x: Floats, states: States) -> tuple[Floats, States, list[Kept]]:
        """Logits, the next states, and what `slope` needs of this step."""
        after, kept = [], list[Kept]()
        for k, (h, c) in enumerate(states):
            z = x @ p[f"input{k}"].T + h @ p[f"state{k}"].T + p[f"shift{k}"]
            s, size = 0.5 + 0.5 * np.tanh(z[:, : 3 * self.hidden] / 2), self.hidden
            i, f, o, g = s[:, :size], s[:, size : 2 * size], s[:, 2 * size :], np.tanh(z[:, 3 * size :])
            new = f * c + i * g
            top = np.tanh(new)
            kept.append((x, h, c, i, f, o, g, top))
            x = o * top
            after.append((x, new))
        return x @ p["weight"].T + p["bias"], tuple(after), kept

    def slope(
        self, theta: Floats, tape: Sequence[list[Kept]], entered: Sequence[Sequence[int]],
        logits: Sequence[Floats],
    ) -> Floats:  # fmt: skip
        """Derivative by theta of what has these derivatives by the logits of each step: back through time.

        Args:
            tape: what `step` kept, step by step.
            entered: the rows that were the inputs of all steps but the first.
            logits: for each step `n x rows`.
        """
        p, total = self.parts(theta), np.zeros_like(theta)
        d, count = self.parts(total), len(logits[0])
        later = [(np.zeros((count, self.hidden)), np.zeros((count, self.hidden)))] * self.layers
        for t in reversed(range(len(tape))):
            _, _, _, _, _, o, _, top = tape[t][-1]
            d["weight"] += logits[t].T @ (o * top)
            d["bias"] += logits[t].sum(0)
            dx = logits[t] @ p["weight"]
            for k in reversed(range(self.layers)):
                x, h, c, i, f, o, g, top = tape[t][k]
                dh, dc = dx + later[k][0], later[k][1]
                dc = dc + dh * o * (1 - top**2)
                dz = np.concatenate(
                    [dc * g * i * (1 - i), dc * c * f * (1 - f), dh * top * o * (1 - o), dc * i * (1 - g**2)],
                    axis=1,
                )
                d[f"input{k}"] += dz.T @ x
                d[f"state{k}"] += dz.T @ h
                d[f"shift{k}"] += dz.sum(0)
                dx, later[k] = dz @ p[f"input{k}"], (dz @ p[f"state{k}"], dc * f)
            if t == 0:
                d["first"] += dx.sum(0)
            else:
                np.add.at(d["embedding"], list(entered[t - 1]), dx)
        return total
