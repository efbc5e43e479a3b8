"""Run: the only thing that changes during a search."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from gapless.core import Group, Path, Progress, Space, Streams
from gapless.core.errors import BadValue, Diverged
from gapless.core.record import Record
from gapless.data import Data
from gapless.nets.descent import Descent
from gapless.nets.gate import Mix, path
from gapless.nets.seeded import seeded
from gapless.parts.contract import Alpha, Batch, Scalars, Stop
from gapless.spaces.contract import SearchSpace, Shape

if TYPE_CHECKING:
    from gapless.engine.recipe import Recipe, Stage


@dataclass
class Run:
    """A search in progress: what was asked, and all state.

    Args:
        recipe: the method.
        space: where to search.
        shape: size of the super-network.
        data: batches by (split, step).
        streams: all randomness.
        device: where tensors live.
    """

    recipe: Recipe
    space: SearchSpace
    shape: Shape
    data: Data
    streams_of_run: Streams
    device: torch.device
    choices: Space = field(init=False)
    net: nn.Module = field(init=False)
    alpha: Alpha = field(init=False)
    weights: Descent = field(init=False)
    alphas: Descent = field(init=False)
    extra: dict[str, torch.Tensor] = field(default_factory=dict)
    history: list[Record] = field(default_factory=list)
    trace: list[dict[str, Any]] = field(default_factory=list)
    alpha_trace: list[dict[str, Any]] = field(default_factory=list)
    sums: dict[str, torch.Tensor] = field(default_factory=dict)
    progress: Progress = field(init=False)
    total: int = 0

    def __post_init__(self) -> None:
        self.choices = self.space.choices
        self._build()
        self._begin(0)

    # -- what parts see ---------------------------------------------------------------------------

    @property
    def stage(self) -> Stage:
        return self.recipe.stages[self.progress.stage]

    @property
    def finished(self) -> bool:
        """Whether all stages are done; what is left is to select."""
        return (
            self.progress.stage == len(self.recipe.stages) - 1 and self.progress.step >= self.progress.steps
        )

    @property
    def streams(self) -> Streams:
        return self.streams_of_run.child("step", self.total)

    @property
    def alpha_moves(self) -> bool:
        return self.progress.fraction("epoch") >= self.stage.freeze_alpha

    def mix(self, alpha: Alpha | None = None) -> Mix:
        if self.stage.relax is None:
            raise BadValue(expected="a stage with a relaxation", got="none", do="give the stage a relaxation")
        rng = self.streams.generator("relax")
        return self.stage.relax(self.alpha if alpha is None else alpha, self.choices, self.progress, rng)

    def perturbed(self, mix: Mix, batch: Batch) -> Mix:
        for part in self.stage.perturb:
            mix = part(self, mix, batch)
        return mix

    def paths(self) -> list[Mix]:
        assert self.stage.sample is not None
        tables = self.stage.sample(self.choices, self.progress, self.streams.generator("sample"))
        return [path(table) for table in tables]

    def loss(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return functional.cross_entropy(logits, labels, label_smoothing=self.recipe.label_smoothing)

    def penalty(self, mix: Mix) -> torch.Tensor | float:
        return sum((part(self, mix) for part in self.stage.regularize), start=0.0)

    def gates(self) -> dict[str, NDArray[np.float64]]:
        """Gate values of each group on the host, `rows x options`; empty where there is no alpha."""
        if self.stage.relax is None:
            return {}
        with torch.no_grad():
            mix = self.mix()
        return {n: g.weight.double().cpu().numpy() for n, g in mix.items() if g.weight is not None}

    # -- what the loop does -----------------------------------------------------------------------

    def batches(self) -> tuple[Batch, Batch]:
        """The training and the validation batch of this step."""
        size, streams = self.recipe.batch, self.streams_of_run
        augment = self.data.augment
        train = self.data.batch("train", self.total, size, streams, self.device, augment=augment)
        val = self.data.batch("val", self.total, size, streams, self.device, augment=augment)
        return train, val

    def step(self) -> None:
        """One step of the stage's update rule."""
        train, val = self.batches()
        self.net.train()
        with seeded(self.streams.integer("torch"), self.device):
            scalars = self.stage.update.step(self, train, val)
        self._count(scalars)

    def _count(self, scalars: Scalars) -> None:
        for name, value in scalars.items():
            self.sums[name] = self.sums[name] + value if name in self.sums else value
            self.sums[f"n/{name}"] = self.sums.get(f"n/{name}", torch.zeros((), dtype=torch.float64)) + 1
        self.total += 1
        step = self.progress.step + 1
        epoch = step * self.progress.epochs // self.progress.steps
        self.progress = replace(self.progress, step=step, epoch=epoch)
        if self.device.type == "cpu" or self.epoch_ended:
            self.check_finite()

    @property
    def epoch_ended(self) -> bool:
        per_epoch = self.progress.steps // self.progress.epochs
        return self.progress.step % per_epoch == 0

    def check_finite(self) -> None:
        """Raises:
        Diverged: a loss of this epoch is not a finite number.
        """
        for name, value in self.sums.items():
            if not bool(torch.isfinite(value)):
                raise Diverged(
                    expected=f"a finite {name.replace('_', ' ')}",
                    got=f"{value.item()} at step {self.total}",
                    do="lower the learning rate (--set weights.lr=...) or look at the data; "
                    "the last checkpoint is from before this step",
                )

    def end_epoch(self) -> None:
        """Closes an epoch: one row of the trace, gate values, and the mask.

        Raises:
        Stop: an observer ends the stage; the epoch is closed all the same.
        """
        row: dict[str, Any] = {"stage": self.progress.stage, "epoch": self.progress.epoch, "step": self.total}
        last = replace(self.progress, step=self.progress.step - 1, epoch=self.progress.epoch - 1)
        row["lr"] = self.weights.lr(last)
        for name in sorted(self.sums):  # the order in which sums come back from a checkpoint is another
            if not name.startswith("n/"):
                value = self.sums[name]
                row[name] = (value / self.sums[f"n/{name}"].to(value.device)).item()
        stopped: Stop | None = None
        for observer in self.stage.observe:
            try:
                row |= observer(self)
            except Stop as stop:
                stopped = stop
        self.trace.append(row)
        self.sums = {}
        gates = self.gates()
        self._trace_gates(gates)
        if self.stage.mask is not None:
            smaller = self.stage.mask(self, gates)
            if smaller is not None and smaller != self.choices:
                self.shrink(smaller)
        if stopped is not None:
            raise stopped

    def _trace_gates(self, gates: dict[str, NDArray[np.float64]]) -> None:
        epoch = sum(stage.epochs for stage in self.recipe.stages[: self.progress.stage]) + self.progress.epoch
        for group in self.choices.groups():
            for row, row_path in enumerate(group.rows):
                for column, option in enumerate(group.options):
                    if group.name in gates and group.mask[row, column]:
                        value = float(gates[group.name][row, column])
                        where = {"epoch": epoch, "group": group.name, "row": label(row_path)}
                        self.alpha_trace.append({**where, "option": option, "value": value})

    def next_stage(self) -> None:
        """Goes on to the next stage."""
        self._begin(self.progress.stage + 1)

    def stop_stage(self) -> None:
        """Ends the stage here."""
        self.progress = replace(self.progress, step=self.progress.steps)

    def shrink(self, choices: Space) -> None:
        """Continues on a smaller space: weights, statistics, alpha and momenta are kept by name."""
        net, weights = self.net.state_dict(), self.weights.state()
        alpha, momenta = self.alpha, self.alphas.state()
        before = {group.name: group for group in self.choices.groups()}
        self.rebuild(choices)
        self.net.load_state_dict({name: net[name] for name in self.net.state_dict()})
        named = self.weights.named
        self.weights.restore({k: v for k, v in weights.items() if k.rsplit("/", 1)[0] in named})
        after = {group.name: group for group in choices.groups() if group.name in self.alpha}
        with torch.no_grad():
            for name, group in after.items():
                self.alpha[name].copy_(_carried(before[name], group, alpha[name], self.alpha[name]))
        tables = {}
        for path_, table in momenta.items():
            name = path_.rsplit("/", 1)[0]
            if name in after and table.dim():
                tables[path_] = _carried(before[name], after[name], table, torch.zeros_like(self.alpha[name]))
            elif name in after:
                tables[path_] = table
        self.alphas.restore(tables)

    def rebuild(self, choices: Space) -> None:
        """Fresh networks and parameters for these choices."""
        self.choices = choices
        self._build()

    def _build(self) -> None:
        streams = self.streams_of_run
        with seeded(streams.integer("init")):
            self.net = self.space.network(self.choices, self.shape, self.data.shape).to(self.device)
        self.weights = Descent(dict(self.net.named_parameters()), self.recipe.weights)
        relax = next((stage.relax for stage in self.recipe.stages if stage.relax is not None), None)
        values = {} if relax is None else relax.init(self.choices, streams.generator("alpha"))
        self.alpha = {n: torch.from_numpy(v).to(self.device).requires_grad_() for n, v in values.items()}
        self.alphas = Descent(self.alpha, self.recipe.alphas)

    def _begin(self, stage: int) -> None:
        epochs = self.recipe.stages[stage].epochs
        steps = epochs * self.data.steps("train", self.recipe.batch)
        self.progress = Progress(0, steps, 0, epochs, stage)
        self.extra = self.recipe.stages[stage].update.init(self)


def _carried(old: Group, new: Group, table: torch.Tensor, fresh: torch.Tensor) -> torch.Tensor:
    """``fresh`` with the entries of ``table`` at the same choice and option."""
    whole = fresh.detach().clone()
    for row, row_path in enumerate(new.rows):
        for column, option in enumerate(new.options):
            if new.mask[row, column]:
                whole[row, column] = table[old.rows.index(row_path), old.options.index(option)]
    return whole


def label(row: Path) -> str:
    """A leaf choice's path on one short line: ``2<-0`` for an edge, the choice's name otherwise."""
    if len(row) == 1:
        return row[0]
    return f"{row[0].rsplit('/', 1)[-1]}<-{row[1]}"
