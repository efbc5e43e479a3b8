"""Index: names to the values they stand for, imported when first asked for."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from gapless.core.errors import BadValue, UnknownName

T = TypeVar("T")


@dataclass(frozen=True)
class Index(Generic[T]):
    """One line a name.

    Args:
        kind: what the names name, for messages: ``space``, ``method``, ...
        places: name to ``module:function``, a function that makes the value.
    """

    kind: str
    places: Mapping[str, str]

    def __iter__(self) -> Iterator[str]:
        return iter(self.places)

    def maker(self, name: str) -> Callable[..., T]:
        """The function behind a name.

        Raises:
            UnknownName: with the nearest name as a suggestion.
        """
        if name not in self.places:
            raise UnknownName(self.kind, name, self.places)
        module, attribute = self.places[name].split(":")
        made: Callable[..., T] = getattr(importlib.import_module(module), attribute)
        return made

    def get(self, name: str, *args: Any, **settings: Any) -> T:
        """The value of that name, made with the given settings.

        Raises:
            UnknownName: with the nearest name as a suggestion.
            BadValue: a setting that it does not have, or one that is missing.
        """
        maker = self.maker(name)
        try:
            inspect.signature(maker).bind(*args, **settings)
        except TypeError as error:
            known = ", ".join(inspect.signature(maker).parameters) or "none"
            raise BadValue(
                expected=f"settings of {self.kind} '{name}' ({known})",
                got=f"{error}",
                do="correct the settings",
            ) from error
        return maker(*args, **settings)
