"""Published systems, by name. A method is one file with one function that returns a `Recipe`."""

from gapless.core.index import Index
from gapless.engine.recipe import Recipe

INDEX: Index[Recipe] = Index(
    "method",
    {
        "darts": "gapless.methods.darts:darts",
        "darts-2nd": "gapless.methods.darts_2nd:darts_2nd",
        "fairnas": "gapless.methods.fairnas:fairnas",
        "random": "gapless.methods.random:random",
        "spos": "gapless.methods.spos:spos",
    },
)
PRESETS = ("paper", "quick")


def get(name: str, preset: str = "paper") -> Recipe:
    """The recipe of a method.

    Args:
        name: as in `names`.
        preset: ``paper`` for the published defaults, ``quick`` for two cores.

    Raises:
        UnknownName: no such method or preset, with the nearest name.
    """
    from gapless.core.errors import UnknownName

    if preset not in PRESETS:
        raise UnknownName("preset", preset, PRESETS)
    return INDEX.get(name, quick=preset == "quick")


def names() -> list[str]:
    """Names of all methods."""
    return sorted(INDEX)
