"""The NASNet space (Zoph et al. 2018, section 3; tensorflow/models, research/slim/nets/nasnet).

A normal and a reduction cell of five blocks; a block has two of thirteen operations and adds or concatenates.
The blocks that no block reads leave the cell. The paper names the operations and not what they consist of:
dense convolutions have the bottleneck of AmoebaNet's code, which has the same authors. The open code has
no blocks that concatenate; here they hand on twice the channels, and what reads them makes them as
many as before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from gapless.core import Cosine
from gapless.core.training import Optim, Training
from gapless.nets.block_network import Block, Combine
from gapless.spaces.blocks import BlockSpace, Cells
from gapless.spaces.contract import Preset, Shape

OPERATIONS = (
    "skip_connect", "conv_1x3_3x1", "conv_1x7_7x1", "dilated_conv_3x3", "avg_pool_3x3",
    "max_pool_3x3", "max_pool_5x5", "max_pool_7x7", "conv_1x1", "conv_3x3",
    "sep_conv_3x3", "sep_conv_5x5", "sep_conv_7x7",
)  # fmt: skip

NASNET_A: Cells = {
    "normal": (
        Block((1, 0), ("sep_conv_5x5", "sep_conv_3x3")),
        Block((0, 0), ("sep_conv_5x5", "sep_conv_3x3")),
        Block((1, 0), ("avg_pool_3x3", "skip_connect")),
        Block((0, 0), ("avg_pool_3x3", "avg_pool_3x3")),
        Block((1, 1), ("sep_conv_3x3", "skip_connect")),
    ),
    "reduce": (
        Block((1, 0), ("sep_conv_5x5", "sep_conv_7x7")),
        Block((1, 0), ("max_pool_3x3", "sep_conv_7x7")),
        Block((1, 0), ("avg_pool_3x3", "sep_conv_5x5")),
        Block((3, 2), ("skip_connect", "avg_pool_3x3")),
        Block((2, 1), ("sep_conv_3x3", "max_pool_3x3")),
    ),
}
"""NASNet-A, nasnet_utils.py. Deviation: in the open code state 0 leaves the normal cell too, and state 3 the
reduction cell, though blocks read them; by the rule of the paper they stay.
"""


@dataclass(frozen=True)
class Nasnet(BlockSpace):
    """The NASNet space; see `BlockSpace`."""

    operations: tuple[str, ...] = OPERATIONS
    name: str = "nasnet"
    summary: str = (
        "two cells of 5 blocks, each 2 earlier states through 2 of 13 operations, added or concatenated"
    )
    combines: ClassVar[tuple[Combine, ...]] = ("add", "concat")

    @cached_property
    def presets(self) -> Mapping[str, Preset]:
        """``paper``: 6 cells a stage of 32 channels, 600 epochs (nasnet.py, ``cifar_config``); 2 cells a
        stage to search [from memory]. ``quick``: ours.
        """
        paper = Optim(lr=Cosine(0.025), weight_decay=5e-4, clip=5.0)
        quick = Optim(lr=Cosine(0.05, 1e-4), weight_decay=3e-4, clip=5.0)
        return {
            "paper": Preset(
                Shape(32, 2), Shape(32, 6), Training(600, 32, paper, cutout=16, drop_path=0.4, auxiliary=0.4)
            ),
            "quick": Preset(Shape(8, 1), Shape(8, 1), Training(20, 64, quick)),
        }
