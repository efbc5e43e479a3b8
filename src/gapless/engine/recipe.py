"""A method is a value: a recipe names the parts, and the loop runs it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol

from torch import nn

from gapless.core import Arch, Schedule
from gapless.core.errors import BadValue
from gapless.core.training import Optim, inside
from gapless.data.batches import Names
from gapless.data.policy import Policy
from gapless.engine.run import Run
from gapless.parts.contract import Mask, Observer, Perturbation, Regularizer, Relaxation, Sampler, Update
from gapless.spaces.contract import Shape

PROSE = ("title", "equation", "terms", "reference", "deviations")
"""Fields of a recipe that say what it is; no number depends on them."""


@dataclass(frozen=True)
class Reference:
    """Where a method was published, and whose code its constants were read in."""

    authors: str
    title: str
    venue: str
    year: int
    arxiv: str = ""
    code: str = ""

    def bibtex(self, key: str) -> str:
        extra = f"\n  eprint = {{{self.arxiv}}},\n  archivePrefix = {{arXiv}}," if self.arxiv else ""
        return (
            f"@inproceedings{{{key},\n  author = {{{self.authors}}},\n  title = {{{{{self.title}}}}},\n"
            f"  booktitle = {{{self.venue}}},\n  year = {{{self.year}}},{extra}\n}}"
        )


@dataclass(frozen=True)
class Stage:
    """One stretch of a search with the same parts.

    Args:
        epochs: passes over the search-train split.
        update: how alpha and omega move.
        relax: alpha to gate values; None where there is no alpha.
        sample: which paths a step computes; None where the mix is computed whole.
        freeze_alpha: share of the stage, from its start, in which alpha does not move.
        mask: asked after every epoch for a smaller space.
        drop_path: probability with which what an edge of a cell gives, or the body of a residual layer, is
            dropped for an image, in every forward of the stage; from 0 to below 1; a number or a schedule.
        dropout: probability with which a feature before the classifier is zeroed, likewise.
        depth: cells of this stage's super-network, as a multiple of the search shape's.
        partial: one in so many channels goes through the operations of an edge, the others pass it by.
        fresh: whether weights, alpha and momenta begin anew. They do as well where the network changes.
    """

    epochs: int
    update: Update
    relax: Relaxation | None = None
    sample: Sampler | None = None
    regularize: tuple[Regularizer, ...] = ()
    perturb: tuple[Perturbation, ...] = ()
    mask: Mask | None = None
    observe: tuple[Observer, ...] = ()
    freeze_alpha: float = 0.0
    drop_path: Schedule[float] = 0.0
    dropout: Schedule[float] = 0.0
    depth: float = 1.0
    partial: int = 1
    fresh: bool = False

    def __post_init__(self) -> None:
        if self.epochs < 1:
            raise BadValue(expected="a stage of at least 1 epoch", got=f"{self.epochs}", do="raise epochs")
        if not 0 <= self.freeze_alpha <= 1:
            raise BadValue(
                expected="freeze_alpha as a share of the stage, from 0 to 1",
                got=f"{self.freeze_alpha}",
                do="divide the epochs that alpha is held by the epochs of the stage",
            )
        if self.depth <= 0 or self.partial < 1:
            raise BadValue(
                expected="a stage with a depth above 0 and partial of at least 1",
                got=f"depth {self.depth}, partial {self.partial}",
                do="give the depth as a multiple of the search shape's, partial as the K of 1/K",
            )
        for name in ("drop_path", "dropout"):
            if not callable(rate := getattr(self, name)):
                inside(name, rate, 1)

    def reshaped(self, shape: Shape) -> Shape:
        """The shape of this stage's super-network."""
        depth = max(1, round(shape.depth * self.depth)) if shape.depth else 0
        return replace(shape, depth=depth, partial=shape.partial * self.partial)


class Select(Protocol):
    """From a trained super-network to one architecture, by ``evaluations`` evaluations in resumable steps."""

    @property
    def evaluations(self) -> int: ...

    def step(self, run: Run) -> None:
        """One or several evaluations, appended to the run's history; how many depends on its length alone."""
        ...

    def arch(self, run: Run) -> Arch | None:
        """The best so far; None where nothing is known yet."""
        ...


@dataclass(frozen=True)
class Recipe:
    """A published system as a value. Comparable, printable, fingerprinted; variants by `dataclasses.replace`.

    Args:
        name: the method's name, lower case with hyphens.
        stages: run one after the other.
        select: how the architecture is read off.
        weights: the optimizer of omega.
        alphas: the optimizer of alpha; ignored where no stage has a relaxation.
        batch: images a step, from the training and from the validation split each.
        label_smoothing: share of the target that goes to all classes alike, from 0 to below 1.
        pooled: whether omega is trained on the validation split too, as one-level methods do; alpha sees the
            same images.
        augment: what is done to the training images of the search beside the data set's own augmentation.
        side: pixels of the shorter side that the search's networks see at most (`Data.coarsened`); 0: all.
        equation: the rule in one line.
        terms: the terms of the optimization gap that the method attacks.
        deviations: where this differs from the paper, one sentence each.
    """

    name: str
    stages: tuple[Stage, ...]
    select: Select
    weights: Optim
    alphas: Optim = field(default_factory=lambda: Optim("adam", 3e-4, (0.5, 0.999), 1e-3))
    batch: int = 64
    label_smoothing: float = 0.0
    pooled: bool = False
    augment: tuple[Policy, ...] = ()
    side: int = 0
    title: str = ""
    equation: str = ""
    terms: tuple[str, ...] = ()
    reference: Reference | None = None
    deviations: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.stages or self.batch < 2:
            raise BadValue(
                expected="a recipe with at least one stage and a batch of at least 2 images",
                got=f"{len(self.stages)} stages, batch {self.batch}",
                do="add a stage or raise batch",
            )
        inside("label_smoothing", self.label_smoothing, 1)
        if self.side < 0:
            raise BadValue(expected="a side of at least 0 pixels", got=f"{self.side}", do="give 0 for all")

    @property
    def learns_from(self) -> Names:
        """The splits that omega is trained on."""
        return ("train", "val") if self.pooled else "train"

    @property
    def epochs(self) -> int:
        """Epochs of all stages together."""
        return sum(stage.epochs for stage in self.stages)

    def scaled(self, epochs: int) -> Recipe:
        """The recipe with ``epochs`` in all, shared among the stages as before; every schedule follows.

        Raises:
            BadValue: fewer epochs than stages.
        """
        if epochs < len(self.stages):
            raise BadValue(
                expected=f"at least {len(self.stages)} epochs, one for each stage of '{self.name}'",
                got=f"{epochs}",
                do="raise --epochs",
            )
        old, done, stages = self.epochs, 0, []
        for i, stage in enumerate(self.stages):
            end = round(epochs * sum(s.epochs for s in self.stages[: i + 1]) / old)
            end = min(max(end, done + 1), epochs - (len(self.stages) - i - 1))
            stages.append(replace(stage, epochs=end - done))
            done = end
        return replace(self, stages=tuple(stages))

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that change with any part or number, and not with `PROSE`."""
        form = {name: value for name, value in plain(self).items() if name not in PROSE}
        text = json.dumps(form, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def plain(value: Any) -> Any:
    """Parts, numbers and tuples as JSON values; a part carries its module and class under ``is``.

    Equal values have equal forms: 5.0 is written as 5. A network is its text and the shapes of its state; a
    field with ``known by`` in its metadata is left out, because another field says what it is.

    Raises:
        BadValue: something that has no name to go by, such as an instance of a class that is no dataclass.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        told = (f.name for f in dataclasses.fields(value) if "known by" not in f.metadata)
        fields = {name: plain(getattr(value, name)) for name in told}
        return {"is": f"{type(value).__module__}.{type(value).__qualname__}", **fields}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    if isinstance(value, (nn.Module, partial)) or hasattr(value, "__qualname__"):
        return _code(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise BadValue(
        expected="parts that are frozen dataclasses or functions",
        got=f"an instance of {type(value).__name__}",
        do="make it a frozen dataclass",
    )


def _code(value: Any) -> dict[str, Any]:
    """A function, a class or a network by where its code is."""
    if isinstance(value, partial):
        return {"is": plain(value.func), "args": plain(value.args), "keywords": plain(value.keywords)}
    if isinstance(value, nn.Module):
        state = [[name, list(tensor.shape)] for name, tensor in value.state_dict().items()]
        return {**_code(type(value)), "text": repr(value), "state": state}
    return {"is": f"{value.__module__}.{value.__qualname__}"}
