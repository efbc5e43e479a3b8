"""Explorers of discrete architectures, by name.

The package can be called: ``gapless.explore(...)`` is `gapless.api.explore`, as ``gapless.search(...)`` is
`gapless.api.search`.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

from gapless.core.index import Index
from gapless.explore.contract import Explorer

INDEX: Index[Explorer] = Index(
    "explorer",
    {
        "genetic": "gapless.explore.genetic:Genetic",
        "nsga2": "gapless.explore.nsga2:Nsga2",
        "random": "gapless.explore.random:Random",
    },
)
get = INDEX.get


def names() -> list[str]:
    """Names of all explorers."""
    return sorted(INDEX)


class _Callable(ModuleType):
    def __call__(self, *args: Any, **settings: Any) -> Any:
        return import_module("gapless.api").explore(*args, **settings)


sys.modules[__name__].__class__ = _Callable
