"""Search spaces, by name."""

from gapless.core.index import Index
from gapless.spaces.contract import SearchSpace

INDEX: Index[SearchSpace] = Index(
    "space",
    {
        "chain": "gapless.spaces.chain:Chain",
        "darts": "gapless.spaces.darts:Darts",
        "fairnas": "gapless.spaces.fairnas:FairNas",
        "gold-nas": "gapless.spaces.gold_nas:GoldNas",
        "nas-bench-macro": "gapless.spaces.nas_bench_macro:NasBenchMacro",
        "nb201": "gapless.spaces.nb201:Nb201",
        "proxylessnas": "gapless.spaces.proxylessnas:ProxylessNas",
        "spos": "gapless.spaces.spos:Spos",
    },
)
get = INDEX.get


def names() -> list[str]:
    """Names of all search spaces."""
    return sorted(INDEX)
