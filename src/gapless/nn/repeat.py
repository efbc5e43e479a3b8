"""Repeat: how many layers, the first ones of one chain."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import torch
from torch import nn

from gapless.core.errors import BadValue
from gapless.nn.decision import Decision, Part
from gapless.nn.scope import Scope


class Repeat(Decision):
    """``layer_d(... layer_1(x))``, d of several depths; a smaller depth shares the layers of a larger one.

        Repeat(lambda i: Block(16), (1, 2, 3))
        Repeat(lambda i: Block(16, stride=2 if i == 0 else 1), (2, 3, 4))

    A layer may hold choices of its own. In plain use, without a space, all layers are computed.
    Reference for sharing the first layers: Cai et al. 2020 (Once-for-All), section 3.3, elastic depth.

    Args:
        build: makes layer i, from 0; layers after the smallest depth keep the shape.
        depths: numbers of layers; 0 is nothing.

    Raises:
        BadValue: depths that are no distinct whole numbers from 0, or layers that are no modules.
    """

    kind = "repeat"

    def __init__(self, build: Callable[[int], nn.Module], depths: Sequence[int]) -> None:
        super().__init__()
        self.depths = ascending("depths of a Repeat", depths, 0)
        layers = [build(i) for i in range(self.depths[-1])]
        for i, layer in enumerate(layers):
            if not isinstance(layer, nn.Module):
                raise BadValue(
                    expected=f"a module as layer {i} of a Repeat",
                    got=type(layer).__name__,
                    do="return an nn.Module from its build function",
                )
        self.layers = nn.ModuleList(layers)

    @property
    def options(self) -> tuple[str, ...]:
        return tuple(map(str, self.depths))

    @property
    def usual(self) -> str:
        return self.options[-1]

    def parts(self, picked: str) -> list[Part]:
        return [(str(i), layer) for i, layer in enumerate(islice(self.layers, int(picked)))]

    def holdings(self) -> list[tuple[list[Part], tuple[str, ...]]]:
        return [(self.parts(self.usual), self.options)]

    def keep(self, options: Sequence[str]) -> None:
        self.depths = tuple(depth for depth in self.depths if str(depth) in options)
        self.layers = self.layers[: self.depths[-1]]

    def computed(self, picked: str, *args: Any, **more: Any) -> torch.Tensor:
        x, *rest = args
        for layer in islice(self.layers, int(picked)):
            x = layer(x, *rest, **more)
        return x  # type: ignore[no-any-return]

    def outputs(
        self, scope: Scope, wanted: Sequence[str], *args: Any, **more: Any
    ) -> Iterator[tuple[str, torch.Tensor]]:
        """One pass through the layers, unless what is chosen in them depends on the depth."""
        if self.nested or scope.watched:
            yield from super().outputs(scope, wanted, *args, **more)
            return
        (x, *rest), done = args, 0
        for picked in sorted(wanted, key=int):
            for layer in islice(self.layers, done, int(picked)):
                x = layer(x, *rest, **more)
            done = int(picked)
            yield picked, x

    def extra_repr(self) -> str:
        return f"depths={self.depths}"


def ascending(what: str, values: Sequence[int], least: int) -> tuple[int, ...]:
    """The values from small to large.

    Raises:
        BadValue: none, one twice, or one that is no whole number from ``least``.
    """
    found = tuple(values) if isinstance(values, (tuple, list, range)) else ()
    whole = all(type(value) is int and value >= least for value in found)
    if not found or not whole or len(set(found)) != len(found):
        raise BadValue(
            expected=f"{what} as distinct whole numbers of at least {least}",
            got=f"{values!r}",
            do=f"give a tuple such as ({least + 1}, {least + 2}, {least + 3})",
        )
    return tuple(sorted(found))
