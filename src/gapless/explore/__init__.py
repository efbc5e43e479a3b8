"""Explorers of discrete architectures, by name."""

from gapless.core.index import Index
from gapless.explore.contract import Explorer

INDEX: Index[Explorer] = Index(
    "explorer",
    {
        "genetic": "gapless.explore.genetic:Genetic",
        "nsga2": "gapless.explore.nsga2:Nsga2",
        "predictor-guided": "gapless.explore.predictor_guided:PredictorGuided",
        "random": "gapless.explore.random:Random",
    },
)
get = INDEX.get


def names() -> list[str]:
    """Names of all explorers."""
    return sorted(INDEX)
