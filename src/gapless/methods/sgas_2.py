"""SGAS with criterion 2: edges are decided one by one, those that rest first."""

from dataclasses import replace

from gapless.engine.recipe import Recipe
from gapless.methods.sgas_1 import sgas_1
from gapless.parts.mask.greedy_edge import GreedyEdge


def sgas_2(quick: bool = False) -> Recipe:
    """As ``sgas-1``, with the stability of p over the last 4 epochs as a third factor.

    ``quick`` is ours.
    """
    recipe = sgas_1(quick)
    return replace(
        recipe,
        name="sgas-2",
        title="SGAS, criterion 2",
        stages=(replace(recipe.stages[0], mask=GreedyEdge(2)),),
        equation="DARTS; every few epochs the edge with the largest norm(sum_o p_o) norm(1 - H(p) / log n) "
        "norm(mean_k sum_o min(p_o, p_o[t - k])) keeps its argmax alone; a node with 2 such loses the others",
    )
