"""What an evaluator is: it turns architectures into records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from gapless.core import Arch, Streams
from gapless.core.record import Record

if TYPE_CHECKING:  # explorers import predictors from this package, and no torch
    import torch
    from torch import nn

    from gapless.data import Data
    from gapless.spaces.contract import Preset, SearchSpace, Shape


class Evaluator(Protocol):
    """A record depends on its architecture, not on which others are scored with it.

    An evaluator that knows everything beforehand and takes no time has ``instant = True``. One whose
    accuracies only order, as another metric does, has ``measure``, the name of that metric.
    """

    @property
    def together(self) -> int:
        """How many are scored in one call at best."""
        ...

    def __call__(self, archs: Sequence[Arch]) -> list[Record]:
        """One record an architecture, in the order given, with the metric ``accuracy`` in [0, 1].

        Raises:
            BadValue: an architecture that cannot be scored.
        """
        ...


@dataclass(frozen=True)
class Supernet:
    """A trained super-network: built for all choices of ``space``, in ``shape``, on ``data``."""

    space: SearchSpace
    net: nn.Module
    shape: Shape
    data: Data
    streams: Streams


@dataclass(frozen=True)
class Setting:
    """What evaluators are made from.

    Args:
        space: the architectures are of.
        preset: shapes and training, with all settings of the user.
        data: gives the images; it reads them when it is called.
        streams: all randomness of the evaluations.
        device: where networks compute.
        supernet: the super-network that a run folder holds.
        stopping: whether someone asked to stop; long work raises `Interrupted` then.
    """

    space: SearchSpace
    preset: Preset
    data: Callable[[], Data]
    streams: Streams
    device: torch.device
    supernet: Callable[[str], Supernet]
    stopping: Callable[[], bool] = lambda: False


Maker = Callable[[Setting, str], Evaluator]


def options(text: str) -> tuple[str, Mapping[str, str]]:
    """``WHAT,key=value,key=value`` as WHAT and a mapping. A piece without ``=`` belongs to WHAT."""
    head, *rest = text.split(",")
    pairs: dict[str, str] = {}
    for piece in rest:
        key, equals, value = piece.partition("=")
        if equals:
            pairs[key.strip()] = value.strip()
        elif pairs:
            last = list(pairs)[-1]
            pairs[last] += f",{piece}"
        else:
            head += f",{piece}"
    return head, pairs
