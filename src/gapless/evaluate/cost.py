"""What a stand-alone network costs, and limits on that."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import nn

from gapless.core import Arch
from gapless.core.errors import BadValue, UnknownName
from gapless.core.index import Index
from gapless.data.shape import ImageShape
from gapless.nets.cost import count
from gapless.nets.latency import measure
from gapless.nets.seeded import seeded
from gapless.spaces.contract import SearchSpace, Shape, subnet

COSTS: Index[float] = Index(
    "cost",
    {
        "latency": "gapless.evaluate.cost:latency",
        "macs": "gapless.evaluate.cost:macs",
        "memory": "gapless.evaluate.peak_memory:peak_memory",
        "params": "gapless.evaluate.cost:params",
    },
)
RECORDED = {"params": "parameters"}
"""Where records call a cost by another name."""
UNITS: Mapping[str, Mapping[str, float]] = {
    "latency": {"us": 1e-3, "ms": 1.0, "s": 1e3},
    "memory": {"B": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9},
    "": {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9},
}


def params(net: nn.Module, image: ImageShape) -> float:
    """Numbers in parameters, trained or not."""
    return float(sum(p.numel() for p in net.parameters()))


def macs(net: nn.Module, image: ImageShape) -> float:
    """Multiply-accumulate operations for one image."""
    return float(count(net, image).macs)


@torch.no_grad()
def latency(net: nn.Module, image: ImageShape) -> float:
    """Median time of one image on this machine with torch's threads, in ms: another one at every call."""
    net.eval()
    like = next(net.parameters())
    x = torch.zeros(1, image.channels, image.height, image.width, dtype=like.dtype, device=like.device)
    return measure(lambda: net(x), seconds=0.1, device=like.device).median_ms


def limit(text: str) -> tuple[str, float]:
    """``params=1M``, ``macs=50M``, ``latency=3ms`` as a cost and a number, times in ms.

    Raises:
        UnknownName: no such cost.
        BadValue: no such amount.
    """
    kind, _, amount = (part.strip() for part in text.partition("="))
    if kind not in COSTS:
        raise UnknownName("cost", kind, COSTS)
    units = UNITS.get(kind, UNITS[""])
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?|\.[0-9]+)\s*([A-Za-z]*)", amount)
    value = float(match[1]) * units[match[2]] if match and match[2] in units else math.nan
    if not 0 < value < math.inf:
        raise BadValue(
            expected=f"--max {kind}=NUMBER with one of the units {', '.join(u or 'none' for u in units)}",
            got=f"'{text}'",
            do=f"e.g. --max {kind}=3{list(units)[1]}",
        )
    return kind, value


@dataclass(frozen=True)
class Limits:
    """The most that an architecture may cost, trained alone in a shape.

    Args:
        most: costs and the largest value of each, see `limit`.
        shape: of the stand-alone network.
    """

    most: tuple[tuple[str, float], ...]
    shape: Shape

    def check(self, space: SearchSpace, image: Callable[[], ImageShape], device: torch.device) -> Check:
        """Of architectures of a space; ``image`` is asked for where something has to be measured."""
        return Check(self, space, image, device)


@dataclass(frozen=True, eq=False)
class Check:
    """Whether an architecture keeps to limits; each is measured once.

    Checks that share their answers are equal: what an explorer learned within one holds within the other.

    Args:
        known: costs of an architecture that need not be measured, by their name in records.
    """

    limits: Limits
    space: SearchSpace
    image: Callable[[], ImageShape]
    device: torch.device
    known: Callable[[Arch], Mapping[str, float]] = lambda arch: {}
    answers: dict[Arch, bool] = field(default_factory=dict)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Check) and self.answers is other.answers

    def __hash__(self) -> int:
        return id(self.answers)

    def __call__(self, arch: Arch) -> bool:
        if arch not in self.answers:
            self.answers[arch] = self._keeps(arch)
        return self.answers[arch]

    def _keeps(self, arch: Arch) -> bool:
        known, net = self.known(arch), None
        # Cheap ones first: a latency is measured only where all else is kept.
        for kind, most in sorted(self.limits.most, key=lambda pair: pair[0] == "latency"):
            name = next((name for name in (kind, RECORDED.get(kind, kind)) if name in known), None)
            if name is not None:
                value = known[name]
            else:
                net = self._network(arch) if net is None else net
                value = COSTS.get(kind, net, self.image())
            if value > most:
                return False
        return True

    def _network(self, arch: Arch) -> nn.Module:
        with seeded(0):
            return subnet(self.space, arch, self.limits.shape, self.image()).to(self.device)


def limits(texts: Sequence[str]) -> tuple[tuple[str, float], ...]:
    """Several of `limit`.

    Raises:
        BadValue: a cost is given twice.
    """
    found = [limit(text) for text in texts]
    kinds = [kind for kind, _ in found]
    if len(set(kinds)) < len(kinds):
        raise BadValue(expected="--max once for each cost", got=", ".join(texts), do="keep the tighter one")
    return tuple(found)
