"""SGAS with criterion 1: edges are decided one by one during the search."""

from dataclasses import replace

from gapless.core import Cosine
from gapless.engine.recipe import Recipe, Reference
from gapless.methods.darts import darts
from gapless.parts.mask.greedy_edge import GreedyEdge

REFERENCE = Reference(
    "Guohao Li and Guocheng Qian and Itzel C. Delgadillo and Matthias Mueller and Ali Thabet and "
    "Bernard Ghanem",
    "SGAS: Sequential Greedy Architecture Search",
    "IEEE/CVF Conference on Computer Vision and Pattern Recognition",
    2020,
    arxiv="1912.00195",
    code="lightaime/sgas",
)


def sgas_1(quick: bool = False) -> Recipe:
    """Published defaults (cnn/train_search.py): those of DARTS; in each kind of cell an edge is decided after
    10 of 50 epochs and after every 5 from there.

    ``quick`` is ours: 24 epochs.
    """
    recipe = darts(quick)
    stage = replace(recipe.stages[0], epochs=24 if quick else 50, mask=GreedyEdge(1))
    return replace(
        recipe,
        name="sgas-1",
        title="SGAS, criterion 1",
        stages=(stage,),
        weights=replace(recipe.weights, lr=Cosine(0.05 if quick else 0.025, 0.001)),
        equation="DARTS; every few epochs the edge with the largest norm(sum_o p_o) norm(1 - H(p) / log n), "
        "over o != none, keeps its argmax alone; a node with 2 such edges loses the others",
        terms=("discretization loss", "weight sharing"),
        reference=REFERENCE,
        deviations=(
            *recipe.deviations,
            "Batches stay at 64; in the released code they grow by 8 images with each decision.",
            "The least and the largest score are those of edges that are not decided; in the released code "
            "those of all edges.",
            "Where all edges are equal in one factor, that factor counts as 1.",
            "An architecture's none, where it may have it, is an option like others.",
            "Decisions are spread over the share of the search that the published ones take, as many as an "
            "architecture has choices.",
        ),
    )
