"""Skip limit: at most so many skips in the architecture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from gapless.core import Arch, Group, Space
from gapless.parts.contract import Discretization, Gates
from gapless.parts.mask.strongest import Strongest

SKIPS = ("skip_connect", "identity")
"""What spaces call the option that passes its input on."""


def skips_of(arch: Arch, group: Group, skips: Sequence[str] = SKIPS) -> list[tuple[int, int]]:
    """Row and column of every option that an architecture picks in a group and that is a skip.

    What stands before a colon, as in ``0:skip_connect``, says where an operation reads.
    """
    return [
        (row, column)
        for row, path in enumerate(group.rows)
        for column, option in enumerate(group.options)
        if option.rpartition(":")[2] in skips and option in arch.picked_at(path)
    ]


@dataclass(frozen=True)
class SkipLimit:
    """While more than ``most`` skips are picked, the weakest of them counts as 0 and ``rule`` picks again.

    Skips are counted in the first group of the space, which is the normal cell of DARTS. Where nothing else
    is left to pick there can be more. Reference: Chen et al. 2019 (P-DARTS), section 3.3;
    chenxin061/pdarts, train_search.py, ``delete_min_sk_prob``.

    Args:
        most: the largest number of skips.
        skips: names of the options that are skips.
        rule: how the others are compared.
    """

    most: int = 2
    skips: tuple[str, ...] = SKIPS
    rule: Discretization = field(default_factory=Strongest)

    def __call__(self, choices: Space, gates: Gates) -> Arch:
        group = choices.groups()[0]
        table = gates[group.name].copy()
        while True:
            arch = self.rule(choices, {**gates, group.name: table})
            picked = skips_of(arch, group, self.skips)
            going = [place for place in picked if table[place] > 0]
            if len(picked) <= self.most or not going:
                return arch
            table[min(going, key=lambda place: float(table[place]))] = 0.0
