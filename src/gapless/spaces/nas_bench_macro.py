"""The space of NAS-Bench-Macro (Su et al. 2021, section 4; xiusu/NAS-Bench-Macro, train/model.py)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from gapless.core import Arch, Cosine
from gapless.core.errors import BadValue
from gapless.core.training import Optim, Training
from gapless.spaces.block_chain import IDENTITY, BlockChain, Layout
from gapless.spaces.contract import Preset, Shape

OPTIONS = (IDENTITY, "k3e3", "k5e6")
LAYOUT = Layout(
    stem=32, stem_stride=1, stages=((64, 2, 2), (128, 3, 2), (256, 3, 2)), head=1280, divisor=1,
    activation="relu",
)  # fmt: skip


@dataclass(frozen=True)
class NasBenchMacro(BlockChain):
    """8 layers, each one of three: 6,561 architectures, the identity a projection where shapes change."""

    name: str = "nas-bench-macro"
    summary: str = "8 layers, each 1 of 2 inverted residuals or left out; the space of NAS-Bench-Macro"
    options: tuple[str, ...] = OPTIONS
    layout: Layout = LAYOUT

    @cached_property
    def presets(self) -> Mapping[str, Preset]:
        """``paper``: 50 epochs of batch 256 (train/train.py); ``quick``: ours.

        That the search has no affine BatchNorm is ours too: a learned scale would undo a gate.
        """
        paper, quick = Optim(lr=Cosine(0.1), weight_decay=5e-4), Optim(lr=Cosine(0.05))
        return {
            "paper": Preset(Shape(32, affine=False), Shape(32), Training(50, 256, paper)),
            "quick": Preset(Shape(8, affine=False), Shape(12), Training(30, 64, quick)),
        }

    def text(self, arch: Arch) -> str:
        return self.arch_string(arch)

    def arch_string(self, arch: Arch) -> str:
        """The key of the benchmark's table: a digit a layer, such as ``02012100``."""
        return "".join(map(str, self.numbers(arch)))

    def from_string(self, text: str) -> Arch:
        """The architecture of a key of the benchmark's table.

        Raises:
            BadValue: not one of the 6,561.
        """
        text = text.strip()
        if not (text.isascii() and text.isdecimal()):
            raise BadValue(
                expected="a NAS-Bench-Macro string such as 02012100",
                got=f"'{text}'",
                do="write digits 0, 1, 2",
            )
        return self.from_numbers([int(digit) for digit in text])
