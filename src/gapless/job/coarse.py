"""Coarse: images are made smaller only as far as networks of the space can take them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from gapless.core.errors import BadValue
from gapless.data import Data
from gapless.data.shape import ImageShape
from gapless.engine.recipe import Recipe
from gapless.spaces.contract import SearchSpace, Shape

Trial = Callable[[Shape, ImageShape], None]


def taken(recipe: Recipe, space: SearchSpace, searches: Iterable[Shape], deploy: Shape, data: Data) -> Recipe:
    """The recipe with every ``side`` doubled until a dry run of the space goes through, up to whole images.

    A space without a dry run takes images of any size.

    Args:
        searches: shapes of the super-networks.
        deploy: of the network for use, which first steps of training are taken with.
    """
    trial: Trial | None = getattr(space, "dry_run", None)
    if trial is None:
        return recipe
    select: Any = recipe.select
    if early := getattr(select, "early", None):
        select = replace(select, early=replace(early, side=_side(early.side, trial, [deploy], data)))
    return replace(recipe, side=_side(recipe.side, trial, list(searches), data), select=select)


def _side(side: int, trial: Trial, shapes: list[Shape], data: Data) -> int:
    while 0 < side < min(data.shape.height, data.shape.width):
        try:
            for shape in shapes:
                trial(shape, data.coarsened(side).shape)
        except BadValue:
            side *= 2
        else:
            break
    return side
