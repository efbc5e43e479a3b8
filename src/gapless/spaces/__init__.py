"""Search spaces, by name."""

from gapless.core.index import Index
from gapless.spaces.contract import SearchSpace
from gapless.spaces.own import from_module

__all__ = ["INDEX", "from_module", "get", "names"]

INDEX: Index[SearchSpace] = Index(
    "space",
    {
        "chain": "gapless.spaces.chain:Chain",
        "darts": "gapless.spaces.darts:Darts",
        "gold-nas": "gapless.spaces.gold_nas:GoldNas",
        "nb201": "gapless.spaces.nb201:Nb201",
    },
)
get = INDEX.get


def names() -> list[str]:
    """Names of all search spaces."""
    return sorted(INDEX)
