"""S1 to S4: DARTS spaces in which DARTS fails (Zela et al. 2020, R-DARTS, section 3).

The cells of the DARTS space, with two operations on each edge. S1 has a list of its own for every edge, which
its authors got by dropping the least important operations again and again; S2 has skip and 3x3 separable
convolution; S3 adds ``none`` to the super-network of S2; S4 has noise in place of the skip. Lists:
automl/RobustDARTS, src/spaces.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from torch import nn

from gapless.core import Choice, Space
from gapless.core.errors import BadValue
from gapless.data.shape import ImageShape
from gapless.nets.noise import placed
from gapless.spaces.contract import Preset, Shape
from gapless.spaces.darts import KINDS, Darts

Lists = tuple[tuple[str, ...], ...]

_AVG, _MAX, _SKIP, _SEP = "avg_pool_3x3", "max_pool_3x3", "skip_connect", "sep_conv_3x3"
_DIL3, _DIL5 = "dil_conv_3x3", "dil_conv_5x5"

S1_NORMAL: Lists = (
    (_SKIP, _DIL3), (_SKIP, _DIL5),
    (_SKIP, _DIL5), (_SKIP, _SEP), (_SKIP, _DIL3),
    (_MAX, _SKIP), (_SKIP, _SEP), (_SKIP, _SEP), (_SKIP, _DIL3),
    (_SKIP, _SEP), (_MAX, _SKIP), (_SKIP, _DIL3), (_DIL3, _DIL5), (_DIL3, _DIL5),
)  # fmt: skip
S1_REDUCE: Lists = (
    (_MAX, _AVG), (_MAX, _DIL3),
    (_MAX, _AVG), (_MAX, _AVG), (_SKIP, _DIL5),
    (_MAX, _AVG), (_MAX, _SEP), (_SKIP, _DIL3), (_SKIP, _DIL5),
    (_MAX, _AVG), (_MAX, _AVG), (_SKIP, _DIL5), (_SKIP, _DIL5), (_SKIP, _DIL5),
)  # fmt: skip
EDGES = 14


@dataclass(frozen=True)
class DartsReduced(Darts):
    """A DARTS space with operations of its own on each edge.

    Args:
        normal: operations of each edge of the normal cell: those into the first node, from the first source
            to the last, then those into the second, and so on.
        reduce: the same of the reduction cell.
        channels: of the first stage of a network for use in the ``paper`` preset.

    Raises:
        BadValue: not one list an edge.
    """

    none: bool = False
    normal: Lists = S1_NORMAL
    reduce: Lists = S1_REDUCE
    channels: int = 36

    def __post_init__(self) -> None:
        edges = self.nodes * (self.nodes + 3) // 2
        for kind, lists in zip(KINDS, (self.normal, self.reduce), strict=True):
            if len(lists) != edges:
                raise BadValue(
                    expected=f"{edges} lists of operations, one an edge of a cell of {self.nodes} nodes",
                    got=f"{len(lists)} of the {kind} cell",
                    do="give as many",
                )

    def _node(self, kind: str, node: int) -> Choice:
        lists, first = (self.reduce if kind == "reduce" else self.normal), (node - 2) * (node + 1) // 2
        extra = ("none",) if self.none else ()
        edges = {
            str(source): Space(
                (Choice("op", dict.fromkeys(lists[first + source]), group=kind, relaxed_only=extra),)
            )
            for source in range(node)
        }
        return Choice(f"{kind}/{node}", edges, pick=2)

    @cached_property
    def presets(self) -> Mapping[str, Preset]:
        """``paper``: that of the DARTS space, with 36 channels for use in S1 and S3 and 16 in S2 and S4 [from
        memory: the repository leaves them to the command line]. ``quick``: that of the DARTS space.
        """
        presets = dict(Darts().presets)
        paper = presets["paper"]
        presets["paper"] = replace(paper, deploy=replace(paper.deploy, channels=self.channels))
        return presets

    def network(self, choices: Space, shape: Shape, image: ImageShape) -> nn.Module:
        return placed(super().network(choices, shape, image))


def s1() -> DartsReduced:
    return DartsReduced(
        name="darts-s1",
        summary="S1 of R-DARTS: the DARTS cells, each edge 1 of 2 operations from a list of its own",
    )


def s2() -> DartsReduced:
    return _alike("s2", (_SKIP, _SEP), "a skip or a 3x3 separable convolution", channels=16)


def s3() -> DartsReduced:
    return _alike(
        "s3", (_SKIP, _SEP), "a skip or a 3x3 separable convolution, none in the super-network", none=True
    )


def s4() -> DartsReduced:
    return _alike("s4", ("noise", _SEP), "noise or a 3x3 separable convolution", channels=16)


def _alike(
    name: str, operations: tuple[str, ...], words: str, channels: int = 36, none: bool = False
) -> DartsReduced:
    return DartsReduced(
        operations=operations, none=none, normal=(operations,) * EDGES, reduce=(operations,) * EDGES,
        channels=channels, name=f"darts-{name}",
        summary=f"{name.upper()} of R-DARTS: the DARTS cells, each edge {words}",
    )  # fmt: skip
