"""What cannot be built, or does not fit into memory, is said in one line."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import partial

import torch
from torch import nn

from gapless.core import Streams
from gapless.core.errors import BadValue
from gapless.data.shape import ImageShape
from gapless.job.environment import memory
from gapless.nets.auxiliary import Supervised
from gapless.nets.seeded import seeded
from gapless.spaces.contract import Preset, SearchSpace, Shape, shares, subnet

MOST = {"channels": 1_000_000, "depth": 1_000}
BYTES = 8
"""Of each parameter in training, at least: itself and its gradient."""


def buildable(
    space: SearchSpace, preset: Preset, image: ImageShape, searches: Collection[Shape] = (),
    seen: ImageShape | None = None,
) -> None:  # fmt: skip
    """Builds the super-networks and one network for use on no device, and looks at their size.

    Args:
        image: what networks for use see.
        searches: shapes of the super-networks; the preset's alone where empty.
        seen: what super-networks see, where that is another image.

    Raises:
        BadValue: a shape that the space cannot have or that does not fit into memory; no choices; a loss of
            an auxiliary head, where networks of the space have nothing for it to read.
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
        for name, most in MOST.items():
            value = getattr(shape, name)
            if value > most:
                raise BadValue(
                    expected=f"{use}.{name} of at most {most:,}", got=f"{value}", do=f"lower {use}.{name}"
                )
    arch = space.choices.sample(Streams(0).generator("buildable"))
    with refusing_memory_errors(), seeded(0):
        for search in (searches or (preset.search,)) if shares(space) else ():
            _fits("search", partial(space.network, space.choices, search, image))
        used = _fits("deploy", lambda: subnet(space, arch, preset.deploy, image))
        if preset.training.auxiliary and not isinstance(used, Supervised):
            raise BadValue(
                expected=f"training.auxiliary of 0 in space '{space.name}', which has no place for a head",
                got=f"{preset.training.auxiliary:g}",
                do="drop --set training.auxiliary",
            )
        if (dry_run := getattr(space, "dry_run", None)) is not None:
            tried = [(shape, seen or image) for shape in searches or (preset.search,)]
            for shape, of in dict.fromkeys((*tried, (preset.deploy, image))):
                dry_run(shape, of)


def _fits(use: str, build: Callable[[], nn.Module]) -> nn.Module:
    try:
        with torch.device("meta"):
            net = build()
    except RuntimeError:  # an operation that reads its own numbers, or what a real one would say too
        return build()
    need, there = BYTES * sum(p.numel() for p in net.parameters()), memory()
    if need > there:
        raise BadValue(
            expected=f"networks that fit into memory, which is {there / 1e9:,.1f} GB here",
            got=f"one in the shape of {use} whose weights and gradients take {need / 1e9:,.1f} GB",
            do=f"lower {use}.channels or {use}.depth",
        )
    return net


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
