"""Explorers of discrete architectures, by name."""

from gapless.core.index import Index
from gapless.explore.contract import Explorer

INDEX: Index[Explorer] = Index(
    "explorer",
    {
        "aging-evolution": "gapless.explore.aging_evolution:AgingEvolution",
        "enumeration": "gapless.explore.enumeration:Enumeration",
        "genetic": "gapless.explore.genetic:Genetic",
        "genetic-cnn": "gapless.explore.genetic_cnn:GeneticCnn",
        "local-search": "gapless.explore.local_search:LocalSearch",
        "nsga2": "gapless.explore.nsga2:Nsga2",
        "ppo": "gapless.explore.ppo:Ppo",
        "random": "gapless.explore.random:Random",
        "reinforce": "gapless.explore.reinforce:Reinforce",
        "tournament": "gapless.explore.tournament:Tournament",
    },
)
get = INDEX.get


def names() -> list[str]:
    """Names of all explorers."""
    return sorted(INDEX)
