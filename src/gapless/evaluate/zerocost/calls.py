"""Calls of torch functions, seen wherever they are made: by a module or in a forward."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from torch import Tensor
from torch.overrides import TorchFunctionMode


class Calls(TorchFunctionMode):
    """Within, ``note(input, output)`` is called for each call of one of the functions.

    What a function calls itself is not seen again.
    """

    def __init__(self, functions: Collection[Any], note: Callable[[Tensor, Tensor], None]) -> None:
        super().__init__()
        self.functions, self.note = functions, note

    def __torch_function__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if func not in self.functions:
            return func(*args, **(kwargs or {}))
        out = func(*args, **(kwargs or {}))
        self.note(args[0] if args else (kwargs or {})["input"], out)
        return out
