"""Peak memory: the most bytes of activations that a forward of one image holds at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, UntypedStorage, nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from gapless.data.shape import ImageShape
from gapless.evaluate.accuracy import evaluating


class Live(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Within, ``peak`` is the most bytes of tensors that are alive after any operation.

    A tensor lives as long as something holds it; views count once. What an operation needs for itself and
    gives back before it ends is not seen.

    Args:
        known: storages that are not counted: weights and statistics.
        given: those that are there before the first operation.
    """

    def __init__(self, known: Sequence[UntypedStorage], given: Sequence[UntypedStorage]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.known = {storage._cdata for storage in known}
        self.live: dict[int, tuple[Any, int]] = {}
        for storage in given:
            self._note(storage)
        self.peak = self._bytes()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        self.live = {key: entry for key, entry in self.live.items() if not entry[0].expired()}
        for leaf in tree_leaves(out):
            if isinstance(leaf, Tensor) and leaf.untyped_storage()._cdata not in self.known:
                self._note(leaf.untyped_storage())
        self.peak = max(self.peak, self._bytes())
        return out

    def _note(self, storage: UntypedStorage) -> None:
        """A weak reference, which keeps its address from being given to another storage."""
        self.live[storage._cdata] = (StorageWeakRef(storage), storage.nbytes())  # type: ignore[no-untyped-call]

    def _bytes(self) -> int:
        return sum(size for _, size in self.live.values())


@torch.no_grad()
def peak_memory(net: nn.Module, image: ImageShape) -> int:
    """Bytes of activations, the image among them, in evaluation mode; weights and statistics are not counted.

    It is counted from the tensors that are alive, not asked of the system, so it is the same on every
    machine: what the network's modules hold, operation by operation. A runtime that fuses operations or
    frees earlier needs less. The network is left as it was.

    Args:
        net: a stand-alone network, called as ``net(x)``.
        image: the shape of the image.
    """
    like = next(net.parameters(), torch.empty(0))
    x = torch.zeros(1, image.channels, image.height, image.width, dtype=like.dtype, device=like.device)
    known = [tensor.untyped_storage() for tensor in (*net.parameters(), *net.buffers())]
    live = Live(known, [x.untyped_storage()])
    with evaluating(net), live:
        net(x)
    return live.peak
