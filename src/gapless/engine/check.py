"""The pre-flight check: what does not go together is said before any compute."""

from __future__ import annotations

from gapless.core.errors import Incompatible
from gapless.engine.recipe import Recipe
from gapless.parts.contract import objections
from gapless.spaces.contract import SearchSpace, shares


def conflicts(recipe: Recipe, space: SearchSpace) -> list[str]:
    """Why a recipe cannot run on a space, one line a reason; empty where it can."""
    if not shares(space):
        return [f"space '{space.name}' has no super-network; search it with 'gapless explore'"]
    found: list[str] = []
    for stage in recipe.stages:
        parts = [
            stage.update, stage.relax, stage.sample, stage.mask,
            *stage.regularize, *stage.perturb, *stage.observe,
        ]  # fmt: skip
        found += [line for part in parts for line in objections(part, recipe, stage, space.choices)]
        found += getattr(space, "conflicts", lambda *_: ())(recipe, stage)
        if stage.partial > 1 and not getattr(space, "partial", False):
            found.append(
                f"the stage sends 1/{stage.partial} of the channels through operations, but the networks of "
                f"space '{space.name}' have no partial channels"
            )
    found += objections(recipe.select, recipe, recipe.stages[-1], space.choices)
    return list(dict.fromkeys(found))


def check(recipe: Recipe, space: SearchSpace) -> None:
    """Raises:
    Incompatible: naming both sides, for the first conflict.
    """
    found = conflicts(recipe, space)
    if found:
        raise Incompatible(
            expected=f"parts of method '{recipe.name}' that work together on space '{space.name}'",
            got=found[0],
            do="change the setting, or choose another method or space",
        )
