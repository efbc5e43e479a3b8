"""Width and Kernel: sizes of one module, whose smaller sizes are windows of the largest one's tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn
from torch.func import functional_call

from gapless.core.errors import BadValue
from gapless.nets.statistics import Normalization
from gapless.nets.window import window
from gapless.nn.decision import Decision, Part
from gapless.nn.repeat import ascending


class Sliced(Decision):
    """``build(v)`` for one of several sizes v, all computed with windows of the tensors of the largest.

    A mixture is the sum of what the sizes give, each times its gate; nothing is approximated by masks.
    BatchNorm statistics are shared like weights, hence they are of a mixture of sizes: what evaluates a
    sub-network computes them anew. A step on a small size moves the whole tensor, with a gradient of zero
    outside of its window, so momentum and weight decay reach there too. In plain use, without a space, the
    largest size is computed.

    Args:
        build: makes the module of a size. Modules of all sizes have the same names, and give the same shape.
        values: the sizes.

    Raises:
        BadValue: sizes that are no distinct whole numbers from 1, no modules, or a smaller module that does
            not lie within the largest one.
    """

    def __init__(self, build: Callable[[int], nn.Module], values: Sequence[int]) -> None:
        super().__init__()
        self.build, self.values = build, ascending(f"sizes of a {type(self).__name__}", values, 1)
        self._made()

    def _made(self) -> None:
        self.body = self._one(self.values[-1])
        self._smaller: dict[str, nn.Module] = {}  # not registered: they own nothing
        store = _tensors(self.body)
        for value in self.values[:-1]:
            part = self._one(value)
            for name, tensor in _tensors(part).items():
                fits = name in store and store[name].dim() == tensor.dim()
                if not fits or any(n > m for n, m in zip(tensor.shape, store[name].shape, strict=True)):
                    there = f"of {tuple(store[name].shape)}" if name in store else "not there"
                    most = self.values[-1]
                    raise BadValue(
                        expected=f"every size of a {type(self).__name__} within its largest, {most}",
                        got=f"'{name}' of {tuple(tensor.shape)} at {value}, {there} at {most}",
                        do="build the same modules for every size, with tensors that grow with it",
                    )
            self._smaller[str(value)] = part.to("meta")

    def _one(self, value: int) -> nn.Module:
        module = self.build(value)
        if not isinstance(module, nn.Module):
            raise BadValue(
                expected=f"a module of size {value} from the build function of a {type(self).__name__}",
                got=type(module).__name__,
                do="return an nn.Module",
            )
        return module

    @property
    def options(self) -> tuple[str, ...]:
        return tuple(map(str, self.values))

    @property
    def usual(self) -> str:
        return self.options[-1]

    def parts(self, picked: str) -> list[Part]:
        return [("", self._smaller.get(picked, self.body))]

    def holdings(self) -> list[tuple[list[Part], tuple[str, ...]]]:
        smaller = [(self.parts(picked), (picked,)) for picked in self._smaller]
        return [([("", self.body)], self.options), *smaller]

    def keep(self, options: Sequence[str]) -> None:
        kept = tuple(value for value in self.values if str(value) in options)
        largest, self.values = self.values[-1], kept
        if kept[-1] != largest:
            self._made()
        self._smaller = {str(value): self._smaller[str(value)] for value in kept[:-1]}

    def computed(self, picked: str, *args: Any, **more: Any) -> torch.Tensor:
        part = self._smaller.get(picked)
        if part is None:
            return self.body(*args, **more)  # type: ignore[no-any-return]
        self._follow(part)
        store = _tensors(self.body)
        shared = {name: window(store[name], like.shape) for name, like in _tensors(part).items()}
        return functional_call(part, shared, args, more)  # type: ignore[no-any-return]

    def _follow(self, part: nn.Module) -> None:
        """Modes and ways of normalising as the body has them."""
        modules = dict(self.body.named_modules())
        for name, own in part.named_modules():
            of = modules.get(name, self.body)
            own.training = of.training
            if isinstance(own, Normalization) and isinstance(of, Normalization):
                own.track_running_stats, own.momentum = of.track_running_stats, of.momentum

    def extra_repr(self) -> str:
        return f"values={self.values}"


class Width(Sliced):
    """A number of channels: the first ones of the widest.

        Width(lambda w: nn.Sequential(conv(16, w), nn.BatchNorm2d(w), nn.ReLU(), conv(w, 16)), (8, 16, 32))

    What reads the channels is built along, so that every width gives the same shape.
    Reference: Yu et al. 2019 (slimmable networks).
    """

    kind = "width"


class Kernel(Sliced):
    """A size of kernel: the centre of the largest.

        Kernel(lambda k: nn.Conv2d(16, 16, k, padding=k // 2), (3, 5, 7))

    Reference: Cai et al. 2020 (Once-for-All), section 3.3. Deviation: the centre is used as it is; there it
    goes through a learned matrix.
    """

    kind = "kernel"


def _tensors(module: nn.Module) -> dict[str, torch.Tensor]:
    """Parameters and buffers by name, those of tied names too."""
    found: dict[str, torch.Tensor] = dict(module.named_parameters(remove_duplicate=False))
    return found | dict(module.named_buffers(remove_duplicate=False))
