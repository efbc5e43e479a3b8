"""Choose: one of several modules."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from gapless.core.errors import BadValue
from gapless.nn.decision import Decision, Part

NAME = re.compile(r"[^\s./|:;,()+]+")
"""Names of options: they stand in names of parameters, on one line of text, and in tables."""


class Choose(Decision):
    """One of several modules of the same output shape.

        Choose(conv=nn.Conv2d(16, 16, 3, padding=1), pool=nn.AvgPool2d(3, 1, 1), skip=nn.Identity())
        Choose({"3x3": nn.Conv2d(16, 16, 3, padding=1), "1x1": nn.Conv2d(16, 16, 1)})

    An option may hold choices of its own. In plain use, without a space, the first option is computed.

    Args:
        options: name to module.
        named: the same, as keywords.

    Raises:
        BadValue: no option, an option that is no module, or a name that cannot be one of a module.
    """

    kind = "choose"

    def __init__(self, options: Mapping[str, nn.Module] | None = None, /, **named: nn.Module) -> None:
        super().__init__()
        given = {**(options or {}), **named}
        if not given:
            raise BadValue(
                expected="a Choose of at least 1 module", got="none", do="write Choose(name=module, ...)"
            )
        for name, module in given.items():
            taken = isinstance(name, str) and hasattr(self, name)
            usable = isinstance(name, str) and NAME.fullmatch(name) and not taken
            if not usable or not isinstance(module, nn.Module):
                do = "give an nn.Module" if usable else "give another name, of letters and digits"
                if taken:
                    do = f"give another name: every Choose has an attribute '{name}'"
                raise BadValue(
                    expected="options of a Choose as names to modules",
                    got=f"{name!r} as a name" if not usable else f"{name}={type(module).__name__}",
                    do=do,
                )
            self.add_module(name, module)
        self._options = tuple(given)

    @property
    def options(self) -> tuple[str, ...]:
        return self._options

    @property
    def usual(self) -> str:
        return self._options[0]

    def parts(self, picked: str) -> list[Part]:
        return [("", self.get_submodule(picked))]

    def holdings(self) -> list[tuple[list[Part], tuple[str, ...]]]:
        return [(self.parts(picked), (picked,)) for picked in self._options]

    def keep(self, options: Sequence[str]) -> None:
        for name in self._options:
            if name not in options:
                delattr(self, name)
        self._options = tuple(name for name in self._options if name in options)

    def computed(self, picked: str, *args: Any, **more: Any) -> torch.Tensor:
        return self.get_submodule(picked)(*args, **more)  # type: ignore[no-any-return]
