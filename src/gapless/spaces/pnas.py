"""The PNAS space (Liu et al. 2018, section 3; tensorflow/models, research/slim/nets/nasnet/pnasnet.py).

One cell of five blocks, each with two of eight operations, added; with stride 2 it is also the reduction
cell, the first of the second and of the third stage. All blocks leave the cell: the code of PNASNet-5
concatenates them although one of them is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from gapless.core import Cosine
from gapless.core.training import Optim, Training
from gapless.nets.block_network import Block
from gapless.spaces.blocks import BlockSpace, Cells
from gapless.spaces.contract import Preset, Shape

OPERATIONS = (
    "sep_conv_3x3", "sep_conv_5x5", "sep_conv_7x7", "conv_1x7_7x1",
    "skip_connect", "avg_pool_3x3", "max_pool_3x3", "dilated_conv_3x3",
)  # fmt: skip

PNASNET_5: Cells = {
    "cell": (
        Block((0, 0), ("sep_conv_5x5", "max_pool_3x3")),
        Block((1, 1), ("sep_conv_7x7", "max_pool_3x3")),
        Block((1, 1), ("sep_conv_5x5", "sep_conv_3x3")),
        Block((4, 1), ("sep_conv_3x3", "max_pool_3x3")),
        Block((0, 1), ("sep_conv_3x3", "skip_connect")),
    )
}
"""PNASNet-5, pnasnet.py."""


@dataclass(frozen=True)
class Pnas(BlockSpace):
    """The PNAS space, 5.6e14 cells; see `BlockSpace`."""

    operations: tuple[str, ...] = OPERATIONS
    name: str = "pnas"
    summary: str = "one cell of 5 blocks, each the sum of 2 earlier states through 2 of 8 operations"
    kinds: ClassVar[tuple[str, ...]] = ("cell",)
    all_leave: ClassVar[bool] = True
    extra_reductions: ClassVar[bool] = False

    @cached_property
    def presets(self) -> Mapping[str, Preset]:
        """``paper``: 3 cells a stage of 48 channels, which is PNASNet-5 on CIFAR-10; 2 of 24 to search [from
        memory]. The training is that of NASNet. ``quick``: ours.
        """
        paper = Optim(lr=Cosine(0.025), weight_decay=5e-4, clip=5.0)
        quick = Optim(lr=Cosine(0.05, 1e-4), weight_decay=3e-4, clip=5.0)
        return {
            "paper": Preset(
                Shape(24, 2), Shape(48, 3), Training(600, 32, paper, cutout=16, drop_path=0.4, auxiliary=0.4)
            ),
            "quick": Preset(Shape(8, 1), Shape(8, 1), Training(20, 64, quick)),
        }
