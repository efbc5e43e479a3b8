"""Search spaces, by name."""

from gapless.core.index import Index
from gapless.spaces.contract import SearchSpace
from gapless.spaces.own import from_module

__all__ = ["INDEX", "from_module", "get", "names"]

INDEX: Index[SearchSpace] = Index(
    "space",
    {
        "amoebanet": "gapless.spaces.amoebanet:Amoebanet",
        "chain": "gapless.spaces.chain:Chain",
        "darts": "gapless.spaces.darts:Darts",
        "darts-factorised": "gapless.spaces.darts_factorised:DartsFactorised",
        "darts-s1": "gapless.spaces.darts_reduced:s1",
        "darts-s2": "gapless.spaces.darts_reduced:s2",
        "darts-s3": "gapless.spaces.darts_reduced:s3",
        "darts-s4": "gapless.spaces.darts_reduced:s4",
        "evonet": "gapless.spaces.evonet:Evonet",
        "fairnas": "gapless.spaces.fairnas:FairNas",
        "genetic-cnn": "gapless.spaces.genetic_cnn:GeneticCnn",
        "gold-nas": "gapless.spaces.gold_nas:GoldNas",
        "hierarchical": "gapless.spaces.hierarchical:Hierarchical",
        "nas-bench-macro": "gapless.spaces.nas_bench_macro:NasBenchMacro",
        "nas-rl": "gapless.spaces.nas_rl:NasRl",
        "nasnet": "gapless.spaces.nasnet:Nasnet",
        "nb201": "gapless.spaces.nb201:Nb201",
        "pnas": "gapless.spaces.pnas:Pnas",
        "proxylessnas": "gapless.spaces.proxylessnas:ProxylessNas",
        "spos": "gapless.spaces.spos:Spos",
    },
)
get = INDEX.get


def names() -> list[str]:
    """Names of all search spaces."""
    return sorted(INDEX)
