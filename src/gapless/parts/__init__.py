"""Parts: one published mechanism a file; what each kind of part must do is in `gapless.parts.contract`.

The names below are those of ``--set relax=softmax`` and ``gapless ablate --parts``. A kind is the field that
holds the part; in ``regularize``, ``perturb`` and ``observe`` several stand side by side.
"""

from collections.abc import Mapping
from typing import Any

from gapless.core.errors import UnknownName
from gapless.core.index import Index

PLACES: Mapping[str, Mapping[str, str]] = {
    "update": {
        "bayes": "gapless.parts.update.bayes:Bayes",
        "bilevel": "gapless.parts.update.bilevel:Bilevel",
        "controller": "gapless.parts.update.controller:Controller",
        "cyclic": "gapless.parts.update.cyclic:Cyclic",
        "distillation": "gapless.parts.update.distillation:Distillation",
        "every": "gapless.parts.update.every:Every",
        "formula": "gapless.parts.update.formula:Formula",
        "inplace-distillation": "gapless.parts.update.inplace_distillation:InplaceDistillation",
        "joint": "gapless.parts.update.joint:Joint",
        "langevin": "gapless.parts.update.langevin:Langevin",
        "paths": "gapless.parts.update.paths:Paths",
        "rescale": "gapless.parts.update.rescale:Rescale",
        "score": "gapless.parts.update.score:Score",
        "within": "gapless.parts.update.within:Within",
    },
    "relax": {
        "capped-product": "gapless.parts.relax.capped_product:CappedProduct",
        "edge-product": "gapless.parts.relax.edge_product:EdgeProduct",
        "factorised": "gapless.parts.relax.factorised:Factorised",
        "gumbel": "gapless.parts.relax.gumbel:Gumbel",
        "node-normalised": "gapless.parts.relax.node_normalised:NodeNormalised",
        "proximal": "gapless.parts.relax.proximal:Proximal",
        "representatives": "gapless.parts.relax.representatives:Representatives",
        "sigmoid": "gapless.parts.relax.sigmoid:Sigmoid",
        "softmax": "gapless.parts.relax.softmax:Softmax",
        "straight-through": "gapless.parts.relax.straight_through:StraightThrough",
        "switches": "gapless.parts.relax.switches:Switches",
        "two-path": "gapless.parts.relax.two_path:TwoPath",
    },
    "sample": {
        "capacity": "gapless.parts.sample.capacity:Capacity",
        "cost-uniform": "gapless.parts.sample.cost_uniform:CostUniform",
        "from-p": "gapless.parts.sample.from_p:FromP",
        "inherited": "gapless.parts.sample.inherited:Inherited",
        "read-off": "gapless.parts.sample.read_off:ReadOff",
        "sandwich": "gapless.parts.sample.sandwich:Sandwich",
        "shrinking": "gapless.parts.sample.shrinking:Shrinking",
        "steered": "gapless.parts.sample.steered:Steered",
        "strictly-fair": "gapless.parts.sample.fair:StrictlyFair",
        "uniform": "gapless.parts.sample.uniform:Uniform",
    },
    "regularize": {
        "ard": "gapless.parts.regularize.ard:Ard",
        "entropy": "gapless.parts.regularize.entropy:Entropy",
        "expected-cost": "gapless.parts.regularize.cost:ExpectedCost",
        "group-l1": "gapless.parts.regularize.group_l1:GroupL1",
        "live-cost": "gapless.parts.regularize.live_cost:LiveCost",
        "live-edges": "gapless.parts.regularize.live_edges:LiveEdges",
        "smooth-max": "gapless.parts.regularize.smooth_max:SmoothMax",
        "zero-one": "gapless.parts.regularize.zero_one:ZeroOne",
    },
    "perturb": {
        "attack": "gapless.parts.perturb.attack:Attack",
        "operation-dropout": "gapless.parts.perturb.operation_dropout:OperationDropout",
        "simplex-noise": "gapless.parts.perturb.simplex:SimplexNoise",
        "skip-dropout": "gapless.parts.perturb.skip_dropout:SkipDropout",
    },
    "mask": {
        "clusters": "gapless.parts.mask.clusters:Clusters",
        "falling": "gapless.parts.mask.falling:Falling",
        "gradual": "gapless.parts.mask.gradual:Gradual",
        "greedy-edge": "gapless.parts.mask.greedy_edge:GreedyEdge",
        "lowest": "gapless.parts.mask.lowest:Lowest",
        "lowest-k": "gapless.parts.mask.lowest_k:LowestK",
        "perturbation": "gapless.parts.mask.perturbation:Perturbation",
    },
    "observe": {
        "decay": "gapless.parts.observe.reaction:Decay",
        "eigenvalue": "gapless.parts.observe.eigenvalue:Eigenvalue",
        "end": "gapless.parts.observe.reaction:End",
        "entropy": "gapless.parts.observe.entropy:Entropy",
        "gradient-angle": "gapless.parts.observe.gradient_angle:GradientAngle",
        "rank-stability": "gapless.parts.observe.rank_stability:RankStability",
        "skip-count": "gapless.parts.observe.skip_count:SkipCount",
        "sub-scores": "gapless.parts.observe.sub_scores:SubScores",
    },
    "rule": {
        "edges-first": "gapless.parts.mask.edges_first:EdgesFirst",
        "skip-limit": "gapless.parts.mask.skip_limit:SkipLimit",
        "strongest": "gapless.parts.mask.strongest:Strongest",
        "threshold": "gapless.parts.mask.threshold:Threshold",
    },
}
SEVERAL = ("regularize", "perturb", "observe")
OPTIONAL = ("relax", "sample", "mask")
INDEX: Mapping[str, Index[Any]] = {
    kind: Index(f"part for '{kind}'", places) for kind, places in PLACES.items()
}


def named(kind: str, text: str) -> Any:
    """The part of that name with its defaults, as the field of that kind holds it.

    Args:
        text: a name; ``none`` for no part; several as ``name+name`` where the field holds several.

    Raises:
        UnknownName: no such part, with the nearest name.
        BadValue: a part that has no defaults.
    """
    if text.lower() in ("none", "()") and kind in (*SEVERAL, *OPTIONAL):
        return () if kind in SEVERAL else None
    index = INDEX[kind]
    if kind in SEVERAL:
        return tuple(index.get(name.strip()) for name in text.split("+"))
    if kind in OPTIONAL and text not in index:
        raise UnknownName(index.kind, text, (*index, "none"))
    return index.get(text)


def name_of(kind: str, part: Any) -> str:
    """The name of a part in the index; its class's where it has none."""
    place = f"{type(part).__module__}:{type(part).__qualname__}"
    return next((name for name, at in PLACES[kind].items() if at == place), type(part).__qualname__)
