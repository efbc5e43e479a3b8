"""Scores by training each architecture alone."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

from gapless.core import Arch
from gapless.core.errors import BadValue, Diverged, Interrupted
from gapless.core.record import Record
from gapless.evaluate.accuracy import accuracy
from gapless.evaluate.contract import Setting
from gapless.evaluate.standalone import Trainee, train
from gapless.nets.cost import count
from gapless.nets.seeded import seeded
from gapless.spaces.contract import subnet

BATCH = 256


@dataclass(frozen=True, eq=False)
class Alone:
    """Accuracy on ``val`` of the network in the deployment shape, trained on ``train`` by the preset.

    All architectures are trained with the same seed: the same batches, the same augmentation. A training that
    diverges is a record whose accuracy is no number.
    """

    setting: Setting
    together: int = 1

    def __call__(self, archs: Sequence[Arch]) -> list[Record]:
        """Raises:
        Interrupted: someone asked to stop.
        """
        return [self._trained(arch) for arch in archs]

    def _trained(self, arch: Arch) -> Record:
        setting, data, start = self.setting, self.setting.data(), time.perf_counter()
        with seeded(setting.streams.integer("init")):
            net = subnet(setting.space, arch, setting.preset.deploy, data.shape)
        trainee = Trainee(net, setting.preset.training, data, "train", setting.streams, setting.device)

        def after(ended: bool) -> None:
            if setting.stopping():
                raise Interrupted("stopped in a training")

        metrics = {"accuracy": math.nan}
        try:
            train(trainee, after)
            score = accuracy(trainee.net, data.ordered("val", BATCH, setting.device))
            if math.isfinite(score.loss):
                metrics = {"accuracy": score.accuracy, "loss": score.loss, "n": score.n}
        except Diverged:
            pass
        cost = count(trainee.net, data.shape)
        costs = {"parameters": cost.parameters, "macs": cost.macs}
        return Record(arch, metrics, costs, time.perf_counter() - start, "stand-alone")


def standalone(setting: Setting, argument: str) -> Alone:
    """Trained by the preset, or by as many epochs as are asked for.

    Raises:
        BadValue: an argument, of which there is none.
    """
    if argument:
        raise BadValue(
            expected="evaluator 'standalone' without an argument",
            got=f"'{argument}'",
            do="give --epochs N for shorter trainings",
        )
    return Alone(setting)
