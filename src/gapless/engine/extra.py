"""Extra: what parts carry from step to step, saved as tensors by name."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from gapless.nets.descent import Descent
from gapless.parts.contract import Extra


def flat(extra: Extra) -> dict[str, torch.Tensor]:
    """All tensors, as ``name`` or ``name|key``."""
    found: dict[str, torch.Tensor] = {}
    for name, value in extra.items():
        if isinstance(value, torch.Tensor):
            found[name] = value
        else:
            state = value.state_dict() if isinstance(value, nn.Module) else value.state()
            found |= {f"{name}|{key}": tensor for key, tensor in state.items()}
    return found


def fill(extra: Extra, tensors: Mapping[str, torch.Tensor]) -> None:
    """Puts back what `flat` gave; networks and optimizers are there already, tensors need not be.

    A tensor comes back on the device of the one that is there, of whatever shape, else where it is given:
    on the host, from a checkpoint.
    """
    for name, value in extra.items():
        if isinstance(value, (nn.Module, Descent)):
            start = f"{name}|"
            state = {key[len(start) :]: tensor for key, tensor in tensors.items() if key.startswith(start)}
            if isinstance(value, nn.Module):
                value.load_state_dict(state)
            else:
                value.restore(state)
    for key, tensor in tensors.items():
        if "|" in key:
            continue
        there = extra.get(key)
        if isinstance(there, torch.Tensor) and there.shape == tensor.shape and there.dtype == tensor.dtype:
            with torch.no_grad():
                there.copy_(tensor)
        else:
            extra[key] = tensor.to(there.device) if isinstance(there, torch.Tensor) else tensor
