"""Predictors: from what was scored to what else would score, by name."""

from gapless.core.index import Index
from gapless.evaluate.predictor.contract import Predictor

INDEX: Index[Predictor] = Index(
    "predictor",
    {
        "boosted-trees": "gapless.evaluate.predictor.boosted_trees:BoostedTrees",
        "gaussian-process": "gapless.evaluate.predictor.gaussian_process:GaussianProcess",
        "gcn": "gapless.evaluate.predictor.gcn:Gcn",
        "linear": "gapless.evaluate.predictor.linear:Linear",
        "lstm": "gapless.evaluate.predictor.lstm:Lstm",
        "mlp": "gapless.evaluate.predictor.mlp:Mlp",
        "pairwise": "gapless.evaluate.predictor.pairwise:Pairwise",
    },
)
get = INDEX.get


def names() -> list[str]:
    """Names of all predictors."""
    return sorted(INDEX)
