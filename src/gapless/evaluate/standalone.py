"""Training one network alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from gapless.core import Progress, Streams
from gapless.core.errors import Diverged
from gapless.core.training import Training
from gapless.data import Data
from gapless.data.batches import Names
from gapless.nets.auxiliary import AuxiliaryHead, Supervised
from gapless.nets.descent import Descent
from gapless.nets.seeded import seeded


class Trainee:
    """A network in training: all state, and the step that changes it.

    Args:
        net: freshly initialised; changed in place.
        training: the recipe.
        data: batches by (split, step).
        split: a split, or several as one.
        streams: all randomness of this training.
        device: where tensors live.
    """

    def __init__(
        self, net: nn.Module, training: Training, data: Data, split: Names, streams: Streams,
        device: torch.device,
    ) -> None:  # fmt: skip
        self.net, self.training, self.data, self.split = net.to(device), training, data, split
        self.streams, self.device = streams, device
        self.head = self._head() if training.auxiliary else None
        moved = dict(net.named_parameters())
        if self.head is not None:
            moved |= {f"auxiliary.{name}": value for name, value in self.head.named_parameters()}
        self.descent = Descent(moved, training.weights)
        augment = replace(data.augment if training.augment else type(data.augment)(), cutout=training.cutout)
        self.augment = augment
        steps = training.epochs * data.steps(split, training.batch)
        self.progress = Progress(0, steps, 0, training.epochs)

    @property
    def finished(self) -> bool:
        return self.progress.step >= self.progress.steps

    def step(self) -> None:
        """One weight step.

        Raises:
            Diverged: the loss is not finite (looked at every epoch on devices that run ahead of the host).
        """
        t, training = self.progress.step, self.training
        x, y = self.data.batch(self.split, t, training.batch, self.streams, self.device, augment=self.augment)
        self.net.train()
        self.descent.clear()
        with seeded(self.streams.integer("torch", t), self.device):
            loss = self._loss(x, y)
            loss.backward()  # type: ignore[no-untyped-call]
        epoch = (t + 1) * self.progress.epochs // self.progress.steps
        if (self.device.type == "cpu" or epoch > self.progress.epoch) and not bool(torch.isfinite(loss)):
            raise Diverged(
                expected="a finite training loss",
                got=f"{loss.item()} at step {t + 1} of a stand-alone training",
                do="lower its learning rate (--set training.weights.lr=...) or look at the data",
            )
        self.descent.step(self.progress)
        self.progress = replace(self.progress, step=t + 1, epoch=epoch)

    def _loss(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        drop_path = self.training.drop_path * self.progress.fraction("epoch")
        if self.head is None:
            return self._entropy(self.net(x, None, drop_path), y)
        assert isinstance(self.net, Supervised)
        logits, inner = self.net.supervised(x, None, drop_path)
        return self._entropy(logits, y) + self.training.auxiliary * self._entropy(self.head(inner), y)

    def _entropy(self, logits: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return functional.cross_entropy(logits, y, label_smoothing=self.training.label_smoothing)

    def _head(self) -> AuxiliaryHead:
        image = self.data.shape
        probe = torch.zeros(1, image.channels, image.height, image.width, device=self.device)
        net = self.net.eval()
        assert isinstance(net, Supervised)
        with torch.no_grad(), seeded(self.streams.integer("auxiliary")):
            _, inner = net.supervised(probe)
            _, channels, height, width = inner.shape
            return AuxiliaryHead(channels, (height, width), image.classes).to(self.device)

    def snapshot(self) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
        """All tensors by name, and all other values as JSON."""
        tensors = {f"net:{name}": value for name, value in self.net.state_dict().items()}
        tensors |= {f"weights:{name}": value for name, value in self.descent.state().items()}
        if self.head is not None:
            tensors |= {f"head:{name}": value for name, value in self.head.state_dict().items()}
        return tensors, {"step": self.progress.step, "epoch": self.progress.epoch}

    def restore(self, tensors: dict[str, torch.Tensor], values: dict[str, Any]) -> None:
        """Puts a freshly made trainee where `snapshot` was taken."""
        self.net.load_state_dict({k[4:]: v for k, v in tensors.items() if k.startswith("net:")})
        if self.head is not None:
            self.head.load_state_dict({k[5:]: v for k, v in tensors.items() if k.startswith("head:")})
        self.descent.restore({k[8:]: v for k, v in tensors.items() if k.startswith("weights:")})
        self.progress = replace(self.progress, step=values["step"], epoch=values["epoch"])


def train(trainee: Trainee, after: Callable[[bool], None]) -> None:
    """Trains to the end, from wherever the trainee stands.

    Args:
        after: called after every step with whether an epoch ended; it may raise to interrupt.
    """
    while not trainee.finished:
        epoch = trainee.progress.epoch
        trainee.step()
        after(trainee.progress.epoch > epoch)
