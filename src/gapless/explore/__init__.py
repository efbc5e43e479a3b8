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
        "aging-evolution": "gapless.explore.aging_evolution:AgingEvolution",
        "conas": "gapless.explore.conas:Conas",
        "enumeration": "gapless.explore.enumeration:Enumeration",
        "filtered": "gapless.explore.filtered:Filtered",
        "genetic": "gapless.explore.genetic:Genetic",
        "genetic-cnn": "gapless.explore.genetic_cnn:GeneticCnn",
        "lanas": "gapless.explore.lanas:LaNas",
        "local-search": "gapless.explore.local_search:LocalSearch",
        "nsga2": "gapless.explore.nsga2:Nsga2",
        "pnas": "gapless.explore.pnas:Pnas",
        "ppo": "gapless.explore.ppo:Ppo",
        "predictor-guided": "gapless.explore.predictor_guided:PredictorGuided",
        "random": "gapless.explore.random:Random",
        "reinforce": "gapless.explore.reinforce:Reinforce",
        "tournament": "gapless.explore.tournament:Tournament",
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
