"""Search spaces, by name."""

from gapless.core.index import Index
from gapless.spaces.contract import SearchSpace

INDEX: Index[SearchSpace] = Index(
    "space",
    {
        "chain": "gapless.spaces.chain:Chain",
        "darts": "gapless.spaces.darts:Darts",
        "darts-factorised": "gapless.spaces.darts_factorised:DartsFactorised",
        "gold-nas": "gapless.spaces.gold_nas:GoldNas",
        "nb201": "gapless.spaces.nb201:Nb201",
    },
)
get = INDEX.get


def names() -> list[str]:
    """Names of all search spaces."""
    return sorted(INDEX)
