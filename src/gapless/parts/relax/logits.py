"""Logits: a group's alpha over a temperature, minus infinity where a row has no such option."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from gapless.core import Group
from gapless.parts.contract import Alpha


def logits(alpha: Alpha, group: Group, temperature: float = 1.0) -> torch.Tensor:
    """`rows x options`."""
    values = alpha[group.name]
    if temperature != 1.0:
        values = values / temperature
    if group.mask.all():
        return values
    return values.masked_fill(~torch.from_numpy(group.mask).to(values.device), -torch.inf)


def present(group: Group) -> NDArray[np.bool_] | None:
    """Which options a row has; None where every row has all."""
    return None if group.mask.all() else group.mask
