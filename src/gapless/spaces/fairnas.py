"""The space of FairNAS (Chu et al. 2019; xiaomi-automl/FairNAS, models/FairNAS_A.py)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from gapless.core import Cosine
from gapless.core.training import Optim, Training
from gapless.spaces.block_chain import BlockChain, Layout
from gapless.spaces.contract import Preset, Shape

OPTIONS = ("k3e3", "k5e3", "k7e3", "k3e6", "k5e6", "k7e6")
LAYOUT = Layout(
    stem=32, first=16, head=1280,
    stages=((32, 2, 2), (40, 4, 2), (80, 4, 2), (96, 4, 1), (192, 4, 2), (320, 1, 1)),
)  # fmt: skip
MOBILENET_V2 = Layout(
    stem=32, first=16, head=1280,
    stages=((24, 2, 2), (32, 3, 2), (64, 4, 2), (96, 3, 1), (160, 3, 2), (320, 1, 1)),
)  # fmt: skip
"""16 layers (Sandler et al. 2018, table 2)."""


@dataclass(frozen=True)
class FairNas(BlockChain):
    """19 layers, each one of six inverted residuals: 6^19 architectures, FairNAS-A, -B and -C among them.

    The paper counts 6^16, which is the space of the layout `MOBILENET_V2`: ``FairNas(layout=MOBILENET_V2)``.
    The released networks have 19 layers of six, and the search itself was not released.

    Deviation: no dropout of 0.2 before the classifier.
    """

    name: str = "fairnas"
    summary: str = "19 layers, each 1 of 6 inverted residuals; the space of FairNAS"
    options: tuple[str, ...] = OPTIONS
    layout: Layout = LAYOUT

    @cached_property
    def presets(self) -> Mapping[str, Preset]:
        """``paper``: the super-network's training of the paper, from memory (150 epochs of batch 256, cosine
        from 0.045, weight decay 4e-5), for the found network too; ``quick``: ours.
        """
        paper, quick = Optim(lr=Cosine(0.045), weight_decay=4e-5), Optim(lr=Cosine(0.05))
        return {
            "paper": Preset(Shape(32, affine=False), Shape(32), Training(150, 256, paper)),
            "quick": Preset(Shape(4, affine=False), Shape(8), Training(30, 64, quick)),
        }
