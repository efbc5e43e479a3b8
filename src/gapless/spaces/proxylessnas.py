"""The space of ProxylessNAS (Cai et al. 2019, section 4.2; mit-han-lab/proxylessnas, search/)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from gapless.core import Cosine
from gapless.core.training import Optim, Training
from gapless.spaces.block_chain import IDENTITY, BlockChain, Layout
from gapless.spaces.contract import Preset, Shape

OPTIONS = ("k3e3", "k3e6", "k5e3", "k5e6", "k7e3", "k7e6", IDENTITY)
LAYOUT = Layout(
    stem=32, first=16, head=1280, eps=1e-3,
    stages=((24, 4, 2), (40, 4, 2), (80, 4, 2), (96, 4, 1), (192, 4, 2), (320, 1, 1)),
)  # fmt: skip


@dataclass(frozen=True)
class ProxylessNas(BlockChain):
    """21 layers, each one of six inverted residuals or left out: 7^15 * 6^6 architectures.

    A layer that changes the shape cannot be left out, as in the repository. With ``everywhere`` it is then a
    projection, and the space has the 7^21 architectures that surveys count.

    Widths are the defaults of the repository's search. The networks that were published have others (32 for
    24 in Proxyless-Mobile; 1.35 and 1.12 times as many in -GPU and -CPU): give a layout with those.
    """

    name: str = "proxylessnas"
    summary: str = "21 layers, each 1 of 6 inverted residuals or left out; the space of ProxylessNAS"
    options: tuple[str, ...] = OPTIONS
    layout: Layout = LAYOUT
    everywhere: bool = False

    @cached_property
    def presets(self) -> Mapping[str, Preset]:
        """``paper``: 300 epochs of batch 256 (search/imagenet_run_exp.py); ``quick``: ours.

        As published, BatchNorms of the search are affine in ``paper``; in ``quick`` they are not, since a
        learned scale would undo a gate. Deviation: weight decay reaches scales and shifts too.
        """
        paper = Optim(lr=Cosine(0.05), weight_decay=4e-5, nesterov=True)
        quick = Optim(lr=Cosine(0.05), nesterov=True)
        return {
            "paper": Preset(Shape(32), Shape(32), Training(300, 256, paper, label_smoothing=0.1)),
            "quick": Preset(Shape(4, affine=False), Shape(8), Training(30, 64, quick)),
        }
