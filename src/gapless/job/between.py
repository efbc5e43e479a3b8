"""Between the search's shape and the deployment's: what recipe, depth and width each bring of a4 - a3.

a3       the search's shape, recipe and images
recipe   the search's shape, the deployment's recipe and images
depth    and the deployment's depth
width    and the rest of its shape: a4
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from gapless.core import Arch
from gapless.job.alone import ALL, BETWEEN, Errand
from gapless.job.plan import Plan
from gapless.spaces.contract import Shape

ROLES = (*BETWEEN, "deploy")


@dataclass(frozen=True)
class Part:
    """One step from a3 to a4.

    Args:
        errand: the training that this step ends with.
        changed: what it changes, for a person.
    """

    errand: Errand
    changed: tuple[str, ...]


def parts(plan: Plan, arch: Arch) -> list[Part]:
    """The steps that change anything, in order; the last ends with the training for use."""
    shapes = [Errand(role, arch, 0).recipe(plan)[0] for role in ROLES]
    changes = [_recipe(plan), *(_shape(a, b) for a, b in pairwise(shapes))]
    there = [(role, changed) for role, changed in zip(ROLES, changes, strict=True) if changed]
    roles = [*(role for role, _ in there[:-1]), "deploy"]
    return [Part(Errand(role, arch, 0), changed) for role, (_, changed) in zip(roles, there, strict=False)]


def deployment(plan: Plan, arch: Arch, measured: Mapping[str, Any]) -> dict[str, Any] | None:
    """``parts`` with what each changes, the accuracy on audit that it ends at and its ``size``, which add up
    to a4 - a3; and the ``images`` of both trainings. None where a training is missing.
    """
    steps = parts(plan, arch)
    start, end = (Errand(role, arch, 0).name for role in ("search", "deploy"))
    names = [start, *(part.errand.name for part in steps)]
    if any(name not in measured for name in (*names, end)):
        return None
    levels = [measured[name]["audit"]["accuracy"] for name in names]
    return {
        "parts": [
            {"changed": list(part.changed), "accuracy": after, "size": after - before}
            for part, (before, after) in zip(steps, pairwise(levels), strict=True)
        ],
        "images": {
            "search": plan.search_data.size(plan.recipe.learns_from), "deploy": plan.data.size(ALL),
            "search side": plan.search_data.shape.height, "deploy side": plan.data.shape.height,
        },
    }  # fmt: skip


def _recipe(plan: Plan) -> tuple[str, ...]:
    """What the two trainings differ in apart from the shape."""
    found = []
    if plan.search_training() != plan.preset.training:
        found.append("recipe")
    seen = plan.search_data.size(plan.recipe.learns_from) != plan.data.size(ALL)
    if seen or plan.search_data.shape != plan.data.shape:
        found.append("images")
    return tuple(found)


def _shape(a: Shape, b: Shape) -> tuple[str, ...]:
    """What two shapes differ in."""
    named = {
        "depth": (a.depth, b.depth), "width": (a.channels, b.channels),
        "partial channels": (a.partial, b.partial),
        "BatchNorm": ((a.affine, a.pool_norm), (b.affine, b.pool_norm)),
    }  # fmt: skip
    return tuple(name for name, (before, after) in named.items() if before != after)
