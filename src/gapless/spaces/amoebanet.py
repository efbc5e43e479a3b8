"""The AmoebaNet space (Real et al. 2019, methods; tensorflow/tpu, models/official/amoeba_net).

A normal and a reduction cell of five blocks, each with two of eight operations, added; the blocks that no
block reads leave the cell. That the dilated convolution is separable is from memory; it stands in none of
the published cells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from gapless.core import Cosine
from gapless.core.training import Optim, Training
from gapless.nets.block_network import Block
from gapless.spaces.blocks import BlockSpace, Cells
from gapless.spaces.contract import Preset, Shape

OPERATIONS = (
    "skip_connect", "sep_conv_3x3", "sep_conv_5x5", "sep_conv_7x7",
    "avg_pool_3x3", "max_pool_3x3", "dil_conv_3x3", "conv_1x7_7x1",
)  # fmt: skip

AMOEBANET_A: Cells = {
    "normal": (
        Block((1, 1), ("avg_pool_3x3", "max_pool_3x3")),
        Block((0, 0), ("sep_conv_3x3", "skip_connect")),
        Block((1, 0), ("skip_connect", "avg_pool_3x3")),
        Block((1, 2), ("sep_conv_3x3", "sep_conv_5x5")),
        Block((5, 1), ("avg_pool_3x3", "sep_conv_3x3")),
    ),
    "reduce": (
        Block((0, 1), ("sep_conv_3x3", "avg_pool_3x3")),
        Block((1, 2), ("max_pool_3x3", "sep_conv_7x7")),
        Block((0, 1), ("max_pool_3x3", "max_pool_3x3")),
        Block((4, 1), ("sep_conv_3x3", "conv_1x7_7x1")),
        Block((0, 1), ("avg_pool_3x3", "sep_conv_7x7")),
    ),
}
"""AmoebaNet-A, model_specs.py. Deviation: in the code state 0 leaves the normal cell too, and all blocks the
reduction cell, though blocks read some of them; by the rule of the paper those stay.
"""


@dataclass(frozen=True)
class Amoebanet(BlockSpace):
    """The AmoebaNet space; see `BlockSpace`."""

    operations: tuple[str, ...] = OPERATIONS
    name: str = "amoebanet"
    summary: str = "two cells of 5 blocks, each the sum of 2 earlier states through 2 of 8 operations"

    @cached_property
    def presets(self) -> Mapping[str, Preset]:
        """``paper``: 3 cells a stage of 24 channels to search, 6 of 36 for use, 600 epochs [from memory]; the
        weight of the auxiliary head is that of tensorflow/tpu, amoeba_net_model.py, for ImageNet. ``quick``:
        ours.
        """
        paper = Optim(lr=Cosine(0.024), weight_decay=5e-4)
        quick = Optim(lr=Cosine(0.05, 1e-4), weight_decay=3e-4, clip=5.0)
        return {
            "paper": Preset(
                Shape(24, 3), Shape(36, 6), Training(600, 128, paper, drop_path=0.3, auxiliary=0.4)
            ),
            "quick": Preset(Shape(8, 1), Shape(8, 1), Training(20, 64, quick)),
        }
