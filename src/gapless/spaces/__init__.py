"""Search spaces, by name."""

from gapless.core.index import Index
from gapless.spaces.contract import SearchSpace

INDEX: Index[SearchSpace] = Index(
    "space",
    {
        "chain": "gapless.spaces.chain:Chain",
        "darts": "gapless.spaces.darts:Darts",
        "evonet": "gapless.spaces.evonet:Evonet",
        "genetic-cnn": "gapless.spaces.genetic_cnn:GeneticCnn",
        "gold-nas": "gapless.spaces.gold_nas:GoldNas",
        "hierarchical": "gapless.spaces.hierarchical:Hierarchical",
        "nas-rl": "gapless.spaces.nas_rl:NasRl",
        "nb201": "gapless.spaces.nb201:Nb201",
    },
)
get = INDEX.get


def names() -> list[str]:
    """Names of all search spaces."""
    return sorted(INDEX)
