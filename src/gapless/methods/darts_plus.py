"""DARTS+: DARTS that stops when skips take over or the ranking rests."""

from dataclasses import replace

from gapless.engine.recipe import Recipe, Reference
from gapless.methods.darts import darts
from gapless.parts.observe.rank_stability import RankStability
from gapless.parts.observe.skip_count import SkipCount

REFERENCE = Reference(
    "Hanwen Liang and Shifeng Zhang and Jiacheng Sun and Xingqiu He and Weiran Huang and Kechen Zhuang and "
    "Zhenguo Li",
    "DARTS+: Improved Differentiable Architecture Search with Early Stopping",
    "arXiv preprint",
    2019,
    arxiv="1909.06035",
)


def darts_plus(quick: bool = False) -> Recipe:
    """DARTS, first order, ended by 2 skips in the normal cell or by a ranking that is the same for 10 epochs.

    ``quick`` is ours: 3 epochs of rest, and skips count after a third of the search.
    """
    recipe = darts(quick)
    observe = (SkipCount(2, earliest=1 / 3), RankStability(3)) if quick else (SkipCount(2), RankStability(10))
    return replace(
        recipe,
        name="darts-plus",
        title="DARTS+",
        stages=(replace(recipe.stages[0], observe=observe),),
        equation=f"{recipe.equation}; stop at 2 skips in the normal cell, or when no order of operations "
        "with weights has changed for 10 epochs",
        terms=("super-net sub-optima",),
        reference=REFERENCE,
        deviations=(
            *recipe.deviations,
            "No code was found; the criteria are those of the paper as a note on it quotes them, and the "
            "other constants are those of DARTS.",
            "The rankings compared are those of all operations with weights on each edge.",
        ),
    )
