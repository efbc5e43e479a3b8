"""Sub-networks to rank: drawn over the whole range of cost, and scored by the weights that they share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice, pairwise
from typing import Any

import torch

from gapless.core import Arch, Space, Streams
from gapless.core.record import Record
from gapless.data.shape import ImageShape
from gapless.engine.run import Run
from gapless.engine.select import scored
from gapless.evaluate.inherited import Inherited
from gapless.nets.cost import Cost, count
from gapless.spaces.contract import SearchSpace, Shape, subnet

POOL = 10
TRIES = 50
Picks = set[tuple[tuple[str, ...], str]]
"""Pairs of a choice, by the names on the way to it, and an option."""


def drawn(
    space: SearchSpace, choices: Space, n: int, shape: Shape, image: ImageShape, streams: Streams
) -> list[tuple[Arch, Cost]]:
    """``n`` distinct architectures, one drawn from each of n strata of MACs of a larger uniform draw.

    Uniform draws crowd where most architectures are; what ranks well over all may know nothing but cost, so
    the whole range has to be there. Fewer where the space has fewer.
    """
    rng, pool = streams.generator("pool"), dict[Arch, Cost]()
    for _ in range(TRIES * n):
        if len(pool) >= min(POOL * n, choices.size()):
            break
        arch = choices.sample(rng)
        if arch not in pool:
            pool[arch] = cost(space, arch, shape, image)
    by_cost = sorted(pool.items(), key=lambda pair: (pair[1].macs, pair[0].key))
    n = min(n, len(by_cost))
    edges = [round(i * len(by_cost) / n) for i in range(n + 1)]
    return [by_cost[int(rng.integers(low, high))] for low, high in pairwise(edges)]


def cost(space: SearchSpace, arch: Arch, shape: Shape, image: ImageShape) -> Cost:
    """Parameters and MACs of the network alone; it takes no memory where it can be built on no device."""
    try:
        with torch.device("meta"):
            return count(subnet(space, arch, shape, image), image)
    except (RuntimeError, NotImplementedError):
        return count(subnet(space, arch, shape, image), image)


def shared(
    run: Run, archs: Sequence[Arch], recalibrated: bool, advance: Callable[[float], None] = lambda share: None
) -> list[Record]:
    """Records on ``val`` with the super-network's weights, with statistics of their own or with its."""
    return scored(run, Inherited(recalibrate=recalibrated), archs, advance)


def walk(choices: Space, start: Arch, steps: int, streams: Streams) -> list[Arch]:
    """A random walk: each architecture is one random edit from the one before."""
    rng, found = streams.generator("walk"), [start]
    for _ in range(steps):
        found.append(choices.mutate(found[-1], rng))
    return found


def around(choices: Space, arch: Arch, most: int, streams: Streams) -> tuple[list[Arch], bool]:
    """Every architecture one edit away, and True; where these are more than ``most``, as many distinct random
    edits, and False."""
    near = list(islice(choices.neighbours(arch), most + 1))
    if len(near) <= most:
        return near, True
    rng, found = streams.generator("around"), dict[Arch, None]()
    for _ in range(TRIES * most):
        if len(found) >= most:
            break
        found[choices.mutate(arch, rng)] = None
    return list(found), False


def edit(a: Arch, b: Arch) -> str:
    """What one edit replaced by what: ``k3e3 to identity``, or ``0: skip to 1: skip`` where inner choices
    went along."""
    gone, come = _picked(a) - _picked(b), _picked(b) - _picked(a)
    return " to ".join(_named(side) for side in (gone, come))


def _named(picks: Picks) -> str:
    """Options, each followed by those that it holds."""
    names = set[str]()
    for path, option in picks:
        if (path[:-2], path[-2] if len(path) > 1 else "") not in picks:
            inside = sorted(one for place, one in picks if place[: len(path) + 1] == (*path, option))
            names.add(f"{option}: {' '.join(inside)}" if inside else option)
    return ", ".join(sorted(names)) or "nothing"


def _picked(arch: Arch, prefix: tuple[str, ...] = ()) -> Picks:
    found: Picks = set()
    for choice in arch:
        for option, inner in arch[choice].items():
            path = (*prefix, choice)
            found |= {(path, option)} | _picked(inner, (*path, option))
    return found


def plain(records: Sequence[Record]) -> list[dict[str, Any]]:
    """As a job stores them."""
    return [
        {"key": r.arch.key, "accuracy": r.metrics["accuracy"], "loss": r.metrics["loss"]} for r in records
    ]
