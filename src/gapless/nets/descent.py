"""Descent: a torch optimizer over named tensors, driven by an `Optim` value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch

from gapless.core import Progress, at
from gapless.core.training import Optim

DECAY = "/decay"
"""Where the state of a descent has its factor of the weight decay."""


class Descent:
    """Steps named tensors along their gradients.

    Args:
        named: the tensors to move; nothing else is ever touched.
        optim: the optimizer and its (scheduled) hyper-parameters.

    ``decay`` multiplies the weight decay; it is 1 until somebody sets it.
    """

    def __init__(self, named: Mapping[str, torch.Tensor], optim: Optim) -> None:
        self.named, self.optim, self.decay = dict(named), optim, 1.0
        self.tensors = list(self.named.values())
        groups: list[dict[str, Any]] = [{"params": self.tensors}]
        options: dict[str, Any] = {"lr": 0.0, "weight_decay": optim.weight_decay}
        if optim.kind == "sgd":
            momentum = optim.betas[0]
            # A call for all tensors is to the bit what a loop over them gives; ``fused`` is not.
            self._torch: torch.optim.Optimizer = torch.optim.SGD(
                groups, momentum=momentum, nesterov=optim.nesterov, foreach=True, **options
            )
        else:
            self._torch = torch.optim.Adam(groups, betas=optim.betas, **options)

    @property
    def weight_decay(self) -> float:
        """The coupled L2 penalty of the next step."""
        return self.optim.weight_decay * self.decay

    def lr(self, progress: Progress) -> float:
        """The learning rate of the step that begins here."""
        return float(at(self.optim.lr, progress))

    def clear(self) -> None:
        """Forgets all gradients."""
        for tensor in self.tensors:
            tensor.grad = None

    def assign(self, gradients: Iterable[torch.Tensor | None]) -> None:
        """Sets the gradients, in the order of the named tensors."""
        for tensor, gradient in zip(self.tensors, gradients, strict=True):
            tensor.grad = gradient

    def step(self, progress: Progress) -> None:
        """One step along the gradients that are there, clipped as a whole where the optimizer says so."""
        if self.optim.idle == "decay":
            for tensor in self.tensors:
                if tensor.grad is None:
                    tensor.grad = torch.zeros_like(tensor)
        if self.optim.clip:
            torch.nn.utils.clip_grad_norm_(self.tensors, self.optim.clip)
        for group in self._torch.param_groups:
            group["lr"] = self.lr(progress)
            group["weight_decay"] = self.weight_decay
        self._torch.step()

    def velocity(self) -> list[torch.Tensor]:
        """SGD's momentum buffers in the order of the named tensors; zeros before the first step."""
        states = [self._torch.state[tensor] for tensor in self.tensors]
        buffers = [state.get("momentum_buffer") for state in states]
        return [
            torch.zeros_like(tensor) if buffer is None else buffer
            for tensor, buffer in zip(self.tensors, buffers, strict=True)
        ]

    def forget(self) -> None:
        """As before the first step: no momenta and no moments."""
        self._torch.state.clear()

    def state(self) -> dict[str, torch.Tensor]:
        """Everything that the optimizer remembers, as ``name/key`` tensors."""
        memory = {
            f"{name}/{key}": value
            for name, tensor in self.named.items()
            for key, value in self._torch.state[tensor].items()
            if isinstance(value, torch.Tensor)
        }
        return memory if self.decay == 1 else memory | {DECAY: torch.tensor(self.decay, dtype=torch.float64)}

    def restore(self, state: Mapping[str, torch.Tensor]) -> None:
        """What `state` gave."""
        self.forget()
        self.decay = 1.0
        for path, value in state.items():
            name, key = path.rsplit("/", 1)
            if path == DECAY:
                self.decay = value.item()
                continue
            like = self.named[name]
            device = value.device if key == "step" else like.device  # Adam counts its steps on the host
            self._torch.state[like][key] = value.clone().to(device)
