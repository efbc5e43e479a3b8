"""A module with decisions in it as a network of a space."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from gapless.core import Path, Space
from gapless.data.shape import ImageShape
from gapless.nets import cost
from gapless.nets.gate import Mix
from gapless.nn.decision import Decision
from gapless.nn.scope import SCOPE, Row, Scope, within


class OwnNetwork(nn.Module):
    """Somebody's own module, whose decisions follow a mix.

    Args:
        net: `n x c x h x w` to logits `n x classes`.
        table: the row of each choice, by its path.
    """

    def __init__(self, net: nn.Module, table: Mapping[Path, Row]) -> None:
        super().__init__()
        self.net, self.scope = net, Scope(table)

    @property
    def classifier(self) -> nn.Module:
        """Raises:
        AttributeError: the module has none of that name.
        """
        return self.net.classifier  # type: ignore[return-value]

    def forward(self, x: torch.Tensor, mix: Mix | None = None, drop_path: float = 0.0) -> torch.Tensor:
        """`n x c x h x w` to logits `n x classes`; drop path is the module's own business."""
        with within(replace(self.scope, mix=mix)):
            return self.net(x)  # type: ignore[no-any-return]

    def prices(self, image: ImageShape, choices: Space) -> dict[str, dict[str, NDArray[np.float64]]]:
        """See `gapless.nets.cost.by_option`; an option costs what is outside of the choices inside it."""
        tables = {kind: {g.name: np.zeros(g.mask.shape) for g in choices.groups()} for kind in cost.KINDS}
        seen: set[tuple[nn.Module, Path]] = set()

        def note(module: nn.Module, _inputs: object, out: object) -> None:
            inside = SCOPE.get().inside  # type: ignore[union-attr]
            if not inside or not isinstance(out, torch.Tensor):
                return
            row = self.scope.table[inside[:-1]]
            where = row.row, row.columns[inside[-1]]
            tables["macs"][row.group][where] += cost.macs(module, out)
            if (module, inside) not in seen:
                own = sum(p.numel() for p in module.parameters(recurse=False))
                tables["params"][row.group][where] += own
                seen.add((module, inside))

        like = next(self.parameters(), torch.empty(0))
        x = torch.zeros(1, image.channels, image.height, image.width, dtype=like.dtype, device=like.device)
        every = list(_every(self.net))
        modes = [(module, module.training) for module in self.modules()]
        hooks = [module.register_forward_hook(note) for module in every]
        self.eval()
        try:
            with torch.no_grad(), within(replace(self.scope, watched=True)):
                self.net(x)
        finally:
            for hook in hooks:
                hook.remove()
            for module, training in modes:
                module.training = training
        return tables


def _every(net: nn.Module) -> list[nn.Module]:
    """All modules, those that own nothing too."""
    found = dict.fromkeys(net.modules())
    for decision in [module for module in found if isinstance(module, Decision)]:
        for parts, _ in decision.holdings():
            for _, part in parts:
                if part not in found:
                    found.update(dict.fromkeys(_every(part)))
    return list(found)
