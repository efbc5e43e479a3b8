"""What cannot be built, or does not fit into memory, is said in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from gapless.core import Streams
from gapless.core.errors import BadValue
from gapless.data.shape import ImageShape
from gapless.nets.seeded import seeded
from gapless.spaces.contract import Preset, SearchSpace, subnet


def buildable(space: SearchSpace, preset: Preset, image: ImageShape) -> None:
    """Builds the super-network and one network for use, and drops them.

    Raises:
        BadValue: a shape that the space cannot have or that does not fit into memory; no choices.
    """
    if not space.choices.choices:
        raise BadValue(
            expected=f"a space '{space.name}' with at least 1 choice", got="none", do="change --set space...."
        )
    for use, shape in (("search", preset.search), ("deploy", preset.deploy)):
        if shape.channels < 1:
            raise BadValue(
                expected=f"{use}.channels of at least 1", got=f"{shape.channels}", do=f"raise {use}.channels"
            )
    arch = space.choices.sample(Streams(0).generator("buildable"))
    with refusing_memory_errors(), seeded(0):
        space.network(space.choices, preset.search, image)
        subnet(space, arch, preset.deploy, image)


@contextmanager
def refusing_memory_errors() -> Iterator[None]:
    """Raises:
    BadValue: what is done within needs more memory than there is.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        short = isinstance(error, (MemoryError, torch.OutOfMemoryError)) or "allocate memory" in str(error)
        if not short:
            raise
        raise BadValue(
            expected="networks and images that fit into memory",
            got="more than there is",
            do="lower --set batch=..., search.channels=..., deploy.channels=... or data.size=...",
        ) from error
