"""The space of Single Path One-Shot (Guo et al. 2019, table 1; megvii-model/SinglePathOneShot)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from gapless.core import Arch, Cosine, Linear
from gapless.core.training import Optim, Training
from gapless.spaces.block_chain import BlockChain, Layout
from gapless.spaces.contract import Preset, Shape

OPTIONS = ("shuffle3", "shuffle5", "shuffle7", "xception")
LAYOUT = Layout(
    stem=16, stages=((64, 4, 2), (160, 4, 2), (320, 8, 2), (640, 4, 2)), head=1024, divisor=4,
    activation="relu", bias=False,
)  # fmt: skip


@dataclass(frozen=True)
class Spos(BlockChain):
    """20 layers, each one of four units of ShuffleNetV2: 4^20 architectures.

    Deviation: no dropout of 0.1 before the classifier. Widths inside the units are not searched.
    """

    name: str = "spos"
    summary: str = "20 layers, each 1 of 4 units of ShuffleNetV2; the space of Single Path One-Shot"
    options: tuple[str, ...] = OPTIONS
    layout: Layout = LAYOUT

    @cached_property
    def presets(self) -> Mapping[str, Preset]:
        """``paper``: 300,000 steps of batch 1,024 on ImageNet (src/Evaluation); ``quick``: ours.

        Deviation: weight decay reaches scales and shifts too.
        """
        paper, quick = Optim(lr=Linear(0.5, 0.0), weight_decay=4e-5), Optim(lr=Cosine(0.05))
        return {
            "paper": Preset(
                Shape(16, affine=False), Shape(16), Training(240, 1024, paper, label_smoothing=0.1)
            ),
            "quick": Preset(Shape(4, affine=False), Shape(6), Training(30, 64, quick)),
        }

    def text(self, arch: Arch) -> str:
        """As the repository prints it: ``(2, 1, 0, 1, ...)``"""
        return str(self.numbers(arch))
