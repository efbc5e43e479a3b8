"""What a space without a super-network asks of the choices that its builder is given."""

from __future__ import annotations

from gapless.core import Arch, Space
from gapless.core.errors import BadValue
from gapless.spaces.contract import Shape


def sole(name: str, choices: Space, shape: Shape) -> Arch:
    """The one architecture that is left of space ``name``.

    Raises:
        BadValue: several architectures are left, or the shape has partial channels.
    """
    if choices.size() != 1:
        raise BadValue(
            expected=f"choices with one architecture: space '{name}' has no super-network",
            got=f"{choices.size()} architectures",
            do="build choices.only(arch); explore this space, or search another",
        )
    if shape.partial > 1:
        raise BadValue(
            expected=f"partial of 1 in space '{name}', whose networks have no partial channels",
            got=f"{shape.partial}",
            do="leave partial at 1",
        )
    return choices.at(0)
