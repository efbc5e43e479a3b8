"""Run: the only thing that changes during a search."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from gapless.core import Arch, Group, Path, Progress, Space, Streams, at
from gapless.core.errors import BadValue, Diverged, UnknownName
from gapless.core.record import Record
from gapless.data import Data, ImageShape
from gapless.engine.memory import Memory
from gapless.engine.state import go_back, snapshot
from gapless.evaluate.accuracy import accuracy
from gapless.nets.capture import Captured, wanted
from gapless.nets.cost import by_option
from gapless.nets.descent import DECAY, Descent
from gapless.nets.dropout import dropping
from gapless.nets.gate import Mix, path
from gapless.nets.seeded import seeded
from gapless.nets.statistics import still
from gapless.nets.window import window
from gapless.parts.contract import Active, Alpha, Batch, Extra, Rollback, Scalars, Stop, Validation
from gapless.spaces.contract import SearchSpace, Shape

if TYPE_CHECKING:
    from gapless.engine.recipe import Recipe, Stage


@dataclass(frozen=True)
class Use:
    """What an architecture is for: the shape of the network that will be used, and its images."""

    shape: Shape
    image: ImageShape


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
        for_use: what architectures are for; the search's own shape and images where not given.
    """

    recipe: Recipe
    space: SearchSpace
    shape: Shape
    data: Data
    streams_of_run: Streams
    device: torch.device
    for_use: Use | None = None
    choices: Space = field(init=False)
    net: nn.Module = field(init=False)
    call: Captured | nn.Module = field(init=False)
    alpha: Alpha = field(init=False)
    weights: Descent = field(init=False)
    alphas: Descent = field(init=False)
    extra: Extra = field(default_factory=dict)
    memory: Memory = field(default_factory=Memory)
    history: list[Record] = field(default_factory=list)
    allowed: dict[Arch, bool] = field(default_factory=dict)
    trace: list[dict[str, Any]] = field(default_factory=list)
    alpha_trace: list[dict[str, Any]] = field(default_factory=list)
    trained: dict[str, dict[str, dict[str, int]]] = field(default_factory=dict)
    sums: dict[str, Tensor] = field(default_factory=dict)
    prices: dict[str, dict[str, NDArray[np.float64]]] = field(default_factory=dict)
    progress: Progress = field(init=False)
    total: int = 0

    def __post_init__(self) -> None:
        self.stand(self._start(0), self.space.choices)

    # -- what parts see ---------------------------------------------------------------------------

    @property
    def use(self) -> Use:
        return self.for_use or Use(self.shape, self.data.shape)

    @property
    def stage(self) -> Stage:
        return self.recipe.stages[self.progress.stage]

    @property
    def net_shape(self) -> Shape:
        """Of the super-network that there is: the search's shape as the stage has it."""
        return self.stage.reshaped(self.shape)

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

    def forward(self, x: Tensor, mix: Mix, weights: Mapping[str, Tensor] | None = None) -> Tensor:
        drop = float(at(self.stage.drop_path, self.progress))
        rate = float(at(self.stage.dropout, self.progress))
        with dropping(self.net, rate):
            if weights is None:
                return (self.net if rate else self.call)(x, mix, drop)
            return functional_call(self.net, dict(weights), (x, mix, drop))  # type: ignore[no-any-return]

    def network(self, depth: float = 1.0) -> nn.Module:
        shape, stage = self.net_shape, self.progress.stage
        shape = replace(shape, depth=max(1, round(shape.depth * depth)) if shape.depth else 0)
        with seeded(self.streams_of_run.child("network", stage).integer("init")):
            return self.space.network(self.choices, shape, self.data.shape).to(self.device)

    def validation(self, mix: Mix, batches: int = 0, own_statistics: bool = True) -> Validation:
        images = self.data.ordered("val", self.recipe.batch, self.device)
        few = islice(images, batches) if batches else images
        with still(self.net) if own_statistics else nullcontext():
            score = accuracy(self.net, few, mix, training=own_statistics)
        return Validation(score.loss, score.accuracy)

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
        if self.stage.sample is None:
            return []
        tables = self.stage.sample(self, self.streams.generator("sample"))
        for table in tables:
            self._note_trained(table)
        return [path(table) for table in tables]

    def _note_trained(self, active: Active) -> None:
        for group in self.choices.groups():
            for row, column in zip(*np.nonzero(active[group.name]), strict=True):
                named = self.trained.setdefault(group.name, {}).setdefault(label(group.rows[row]), {})
                option = group.options[column]
                named[option] = named.get(option, 0) + 1

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        return functional.cross_entropy(logits, labels, label_smoothing=self.recipe.label_smoothing)

    def penalty(self, mix: Mix) -> Tensor | float:
        return sum((part(self, mix) for part in self.stage.regularize), start=0.0)

    def costs(self, kind: str) -> dict[str, NDArray[np.float64]]:
        """What each operation costs, `rows x options` for each group; ``kind`` is ``macs`` or ``params``."""
        if not self.prices:
            self.prices = by_option(self.net, self.data.shape, self.choices)
        if kind not in self.prices:
            raise UnknownName("kind of cost", kind, self.prices)
        return self.prices[kind]

    def gates(self) -> dict[str, NDArray[np.float64]]:
        """Gate values of each group on the host, `rows x options`; empty where there is no alpha."""
        if self.stage.relax is None:
            return {}
        with torch.no_grad():
            found = self.stage.relax.strengths(self.alpha, self.choices, self.progress)
        return {name: table.double().cpu().numpy() for name, table in found.items()}

    # -- what the loop does -----------------------------------------------------------------------

    def batches(self) -> tuple[Batch, Batch]:
        """The training and the validation batch of this step."""
        size, streams = self.recipe.batch, self.streams_of_run
        augment = self.data.augment
        split = self.recipe.learns_from
        policies = self.recipe.augment
        train = self.data.batch(
            split, self.total, size, streams, self.device, augment=augment, policies=policies
        )
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
        Diverged: a loss of this epoch, or an alpha, is not a finite number.
        """
        for name, value in self.sums.items():
            if not bool(torch.isfinite(value)):
                raise Diverged(
                    expected=f"a finite {name.replace('_', ' ')}",
                    got=f"{value.item()} at step {self.total}",
                    do="lower the learning rate (--set weights.lr=...) or look at the data; "
                    "the last checkpoint is from before this step",
                )
        for name, table in self.alpha.items():
            if not bool(torch.isfinite(table).all()):
                raise Diverged(
                    expected=f"a finite alpha in '{name}'",
                    got=f"infinity or NaN at step {self.total}",
                    do="lower its learning rate (--set alphas.lr=...) or look at the data; "
                    "the last checkpoint is from before this step",
                )

    def end_epoch(self) -> None:
        """Closes an epoch: one row of the trace, gate values, the mask, and what observers ask for."""
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
                row |= stop.row
                stopped = stopped or stop
        self.trace.append(row)
        self.sums = {}
        gates = self.gates()
        self._trace_gates(gates)
        if self.stage.mask is not None:
            smaller = self.stage.mask(self, gates)
            if smaller is not None and smaller != self.choices:
                self.shrink(smaller)
        if self.memory.keeps:
            self.memory.remember(snapshot(self))
        if stopped is not None:
            self._obey(stopped)

    def _obey(self, stop: Stop) -> None:
        if stop.back:
            go_back(self, *self.memory.recall(stop.back))
        if isinstance(stop, Rollback):
            stop.then(self)
        else:
            self.progress = replace(self.progress, step=self.progress.steps)

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
        """Goes on to the next stage, with new networks where it wants them."""
        before, progress = self.net_shape, self._start(self.progress.stage + 1)
        self.progress, self.memory = progress, Memory()
        if self.stage.fresh or self.net_shape != before:
            self.stand(progress, self.choices)
        else:
            self.equip()

    def stand(self, progress: Progress, choices: Space) -> None:
        """At this point of the search, on these choices, with everything freshly made."""
        self.progress = progress
        self.rebuild(choices)
        self.equip()

    def shrink(self, choices: Space) -> None:
        """Continues on a smaller space: weights, statistics, alpha and momenta are kept by name."""
        net, weights = self.net.state_dict(), self.weights.state()
        alpha, momenta = self.alpha, self.alphas.state()
        before = {group.name: group for group in self.choices.groups()}
        self.rebuild(choices)
        self.net.load_state_dict({n: window(net[n], own.shape) for n, own in self.net.state_dict().items()})
        named, kept = self.weights.named, {}
        for key, value in weights.items():
            own = named.get(key.rsplit("/", 1)[0])
            if own is not None:
                kept[key] = window(value, own.shape) if value.dim() else value
            elif key == DECAY:
                kept[key] = value
        self.weights.restore(kept)
        after = {group.name: group for group in choices.groups()}

        def carried(name: str, table: Tensor, fresh: Tensor) -> Tensor:
            group = name.split("|", 1)[0]
            return _carried(before[group], after[group], table, fresh)

        with torch.no_grad():
            for name, own in self.alpha.items():
                own.copy_(carried(name, alpha[name], own))
        tables = {}
        for path_, table in momenta.items():
            name = path_.rsplit("/", 1)[0]
            if table.dim() and name in self.alpha:
                tables[path_] = carried(name, table, torch.zeros_like(self.alpha[name]))
            elif name in self.alpha or path_ == DECAY:
                tables[path_] = table
        self.alphas.restore(tables)

    def rebuild(self, choices: Space) -> None:
        """Fresh networks and parameters for these choices."""
        self.choices = choices
        self._build()

    def _build(self) -> None:
        stage, streams = self.progress.stage, self.streams_of_run
        streams = streams.child("stage", stage) if stage else streams
        with seeded(streams.integer("init")):
            self.net = self.space.network(self.choices, self.net_shape, self.data.shape).to(self.device)
        self.call = Captured(self.net) if wanted(self.device) else self.net
        self.prices = {}
        self.weights = Descent(dict(self.net.named_parameters()), self.recipe.weights)
        relaxes = [one.relax for one in (self.stage, *self.recipe.stages)]
        relax = next((relax for relax in relaxes if relax is not None), None)
        values = {} if relax is None else relax.init(self.choices, streams.generator("alpha"))
        self.alpha = {n: torch.from_numpy(v).to(self.device).requires_grad_() for n, v in values.items()}
        self.alphas = Descent(self.alpha, self.recipe.alphas)

    def _start(self, stage: int) -> Progress:
        epochs = self.recipe.stages[stage].epochs
        steps = epochs * self.data.steps(self.recipe.learns_from, self.recipe.batch)
        return Progress(0, steps, 0, epochs, stage)

    def equip(self) -> None:
        """Makes anew what the stage's parts carry from step to step; they see what was carried before."""
        stage, made = self.stage, Extra()
        for part in (stage.update, stage.mask, *stage.regularize, *stage.perturb, *stage.observe):
            if (init := getattr(part, "init", None)) is not None:
                made |= init(self)
        self.extra = made
        self.memory.keeps = self._keeps()

    def _keeps(self) -> int:
        """Ends of epochs that an observer may want back, the present one included."""
        back = max((getattr(part, "remembers", 0) for part in self.stage.observe), default=0)
        return back + 1 if back else 0


def _carried(old: Group, new: Group, table: Tensor, fresh: Tensor) -> Tensor:
    """``fresh`` with what ``table`` has at the same choice and option; the whole row of other tables."""
    whole = fresh.detach().clone()
    by_option = fresh.shape[1:] == (len(new.options),) and table.shape[1:] == (len(old.options),)
    for row, row_path in enumerate(new.rows):
        if not by_option:
            whole[row] = table[old.rows.index(row_path)]
            continue
        for column, option in enumerate(new.options):
            if new.mask[row, column]:
                whole[row, column] = table[old.rows.index(row_path), old.options.index(option)]
    return whole


def label(row: Path) -> str:
    """A leaf choice's path on one short line: ``2<-0`` for an edge, the choice's name otherwise."""
    if len(row) == 1:
        return row[0]
    return f"{row[0].rsplit('/', 1)[-1]}<-{row[1]}"
