"""Explorers of discrete architectures, by name."""

from gapless.core.index import Index
from gapless.explore.contract import Explorer

INDEX: Index[Explorer] = Index(
    "explorer",
    {
        "filtered": "gapless.explore.filtered:Filtered",
        "genetic": "gapless.explore.genetic:Genetic",
        "lanas": "gapless.explore.lanas:LaNas",
        "nsga2": "gapless.explore.nsga2:Nsga2",
        "pnas": "gapless.explore.pnas:Pnas",
        "predictor-guided": "gapless.explore.predictor_guided:PredictorGuided",
        "random": "gapless.explore.random:Random",
    },
)
get = INDEX.get


def names() -> list[str]:
    """Names of all explorers."""
    return sorted(INDEX)
