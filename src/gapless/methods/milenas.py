"""MiLeNAS, first order."""

from dataclasses import replace

from gapless.engine.recipe import Recipe, Reference
from gapless.methods.darts import darts
from gapless.parts.update.formula import Formula

REFERENCE = Reference(
    "Chaoyang He and Haishan Ye and Li Shen and Tong Zhang",
    "MiLeNAS: Efficient Neural Architecture Search via Mixed-Level Reformulation",
    "IEEE/CVF Conference on Computer Vision and Pattern Recognition",
    2020,
    arxiv="2003.12238",
    code="chaoyanghe/MiLeNAS",
)


def milenas(quick: bool = False) -> Recipe:
    """Published defaults (search_algorithm/train_milenas.py): those of DARTS, lambda = 1."""
    first = darts(quick)
    return replace(
        first,
        name="milenas",
        title="MiLeNAS, first order",
        stages=(replace(first.stages[0], update=Formula(train=1.0, val=1.0)),),
        equation="alpha <- alpha - lr * (grad_alpha L_tr(w, alpha) + lambda * grad_alpha L_val(w, alpha)); "
        "then w <- w - lr * grad_w L_tr(w, alpha)",
        terms=("mathematical error",),
        reference=REFERENCE,
        deviations=(
            *first.deviations,
            "The factor lambda is on the validation loss, as in the paper; in the released code it is on the "
            "training loss, which is the same for lambda = 1.",
            "The weights' gradient is clipped at 5 as in DARTS; the released code clips alpha's at that "
            "place, which has no effect.",
            "The best architecture of each model size is not kept and the search does not stop by size; the "
            "architecture is read off once, at the end.",
        ),
    )
