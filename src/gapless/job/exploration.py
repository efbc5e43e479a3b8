"""What a person asked to explore, and what it takes to do that."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shlex
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from gapless import data as data_sets
from gapless import evaluate, spaces
from gapless.core import Streams
from gapless.core.errors import BadRunFolder, BadValue, UnknownName
from gapless.data import Data
from gapless.engine.folder import RunFolder
from gapless.engine.recipe import plain
from gapless.evaluate.contract import Evaluator, Setting, Supernet, options
from gapless.evaluate.cost import Limits, limits
from gapless.evaluate.table import Table
from gapless.explore.contract import Explorer, worth
from gapless.explore.limited import Limited
from gapless.job.interrupt import Stopper
from gapless.job.limits import buildable, refusing_memory_errors
from gapless.job.plan import DataSettings, chosen_device
from gapless.job.request import MOST, place_of, towards
from gapless.job.settings import spread
from gapless.job.supernet import opened
from gapless.spaces.contract import Preset, SearchSpace
from gapless.study import explorers
from gapless.study.trials import database

FREE = ("trials", "workers", "device", "root", "place")
"""What may change from one call to the next."""


@dataclass(frozen=True)
class Exploration:
    """A request.

    Args:
        space: name of a space, or ``object`` where a Python object was given.
        explorer: name of an explorer, or ``optuna:`` and a sampler, likewise.
        evaluator: name of an evaluator, with its argument, likewise.
        trials: architectures to score.
        seed: all random numbers follow from it.
        data: name of a data set, likewise.
        preset: ``quick`` or ``paper``: shape and training of stand-alone networks.
        epochs: of a stand-alone training; None for the preset's.
        limits: as typed after ``--max``.
        sets: pairs as typed after ``--set``: fields of space, explorer, training, deploy, data.
        storage: address of an Optuna storage; None for a journal in the run folder.
        workers: processes that score at once.
        device: ``auto``, ``cpu`` or ``cuda``.
        root: where data sets lie.
        place: where a folder of images lies, an absolute path; None for other data.
    """

    space: str
    explorer: str
    evaluator: str
    trials: int = 100
    seed: int = 0
    data: str = "digits"
    preset: str = "quick"
    epochs: int | None = None
    limits: tuple[str, ...] = ()
    sets: tuple[tuple[str, str], ...] = ()
    storage: str | None = None
    workers: int = 1
    device: str = "auto"
    root: str | None = None
    place: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "place", self.place or place_of(self.data))
        for option, most in (("trials", MOST), ("workers", 1000), ("epochs", MOST)):
            value = getattr(self, option)
            if option == "epochs" and value is None:
                continue
            if not isinstance(value, int) or not 1 <= value <= most:
                raise BadValue(
                    expected=f"--{option} of at least 1 and at most {most:,}",
                    got=f"{value}" if isinstance(value, int) else f"{value!r}",
                    do=towards(value, 1),
                )

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, value: Any) -> Exploration:
        """Raises:
        BadRunFolder: not what `to_json` wrote.
        """
        try:
            sets = tuple((str(key), str(text)) for key, text in value["sets"])
            return cls(**{**value, "sets": sets, "limits": tuple(value["limits"])})
        except (TypeError, KeyError, ValueError) as error:
            raise BadRunFolder(
                expected="a run.json that holds what was to be explored",
                got=f"{type(error).__name__}: {error}",
                do="restore run.json, or start the run again in another folder",
            ) from error

    def command(self, run: str) -> str:
        """The command line that asks for exactly this."""
        words = ["gapless", "explore", "--space", self.space, "--explorer", self.explorer]
        words += ["--evaluator", self.evaluator, "--trials", str(self.trials), "--run", run]
        words += ["--seed", str(self.seed)]
        for one in dataclasses.fields(self):
            value = getattr(self, one.name)
            if one.name in ("data", "preset", "epochs", "storage", "workers", "device", "root"):
                words += [] if value == one.default else [f"--{one.name}", str(value)]
        words += [word for text in self.limits for word in ("--max", text)]
        words += [word for pair in self.sets for word in ("--set", "=".join(pair))]
        return shlex.join(words)


@dataclass(frozen=True)
class Terrain:
    """A request with every name resolved; data and networks are read when they are first needed."""

    request: Exploration
    space: SearchSpace
    chosen: Explorer
    preset: Preset
    settings: DataSettings
    most: tuple[tuple[str, float], ...]
    device: torch.device
    given: Evaluator | None = None
    images: Data | None = None
    stopper: Stopper = field(default_factory=Stopper)

    @property
    def streams(self) -> Streams:
        return Streams(self.request.seed)

    @cached_property
    def data(self) -> Data:
        """Raises:
        BadData: it cannot be trained on.
        """
        if self.images is not None:
            return self.images
        with refusing_memory_errors():
            about: dict[str, Any] = {"size": self.settings.size, "limit": self.settings.limit}
            request = self.request
            return data_sets.get(request.data, root=request.root, place=request.place, **about)

    @cached_property
    def evaluator(self) -> Evaluator:
        """Raises:
        BadValue: its argument cannot be read.
        """
        if self.given is not None:
            return self.given
        setting = Setting(
            self.space, self.preset, lambda: self.data, self.streams.child("evaluate"), self.device,
            self._opened, lambda: self.stopper.asked,
        )  # fmt: skip
        return evaluate.get(self.request.evaluator, setting)

    def _opened(self, run: str) -> Supernet:
        own = self.space if self.request.space == "object" else None
        return opened(run, self.request.root, own, self.images)

    @cached_property
    def explorer(self) -> Explorer:
        """The chosen one, within the limits."""
        if not self.most:
            return self.chosen
        check = Limits(self.most, self.preset.deploy).check(self.space, lambda: self.data.shape, self.device)
        if isinstance(self.evaluator, Table):
            table = self.evaluator
            check = replace(check, known=lambda arch: table([arch])[0].cost)
        return Limited(self.chosen, check)

    def check(self) -> None:
        """What can be refused is refused here, before anything is computed or written.

        Raises:
            Refused: an evaluator, a storage, data or networks that cannot be had.
        """
        if isinstance(self.evaluator, Table):
            (row,) = self.evaluator([self.space.choices.at(0)])
            for objective in self.objectives:
                worth(row, objective)
        if self.request.storage is not None:
            database(self.request.storage)
        if self.trains or (self.most and not isinstance(self.evaluator, Table)):
            buildable(self.space, self.preset, self.data.shape)

    @property
    def trains(self) -> bool:
        """Whether networks are trained alone."""
        return self.request.evaluator.partition(":")[0] == "standalone"

    @property
    def objectives(self) -> tuple[str, ...]:
        return explorers.objectives(self.chosen)

    @cached_property
    def fingerprint(self) -> str:
        """16 hexadecimal digits over all that the records depend on: whoever joins must have the same.

        Raises:
            Refused: data, a table or a super-network that are read and cannot be had.
        """
        asked = {name: value for name, value in self.request.to_json().items() if name not in FREE}
        made = {"space": self.space, "explorer": self.chosen, "preset": self.preset}
        text = json.dumps({**asked, **plain(made), "read": self._read()}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def _read(self) -> dict[str, str]:
        """What evaluator and limits read beside the request, by digests."""
        kind, _, argument = self.request.evaluator.partition(":")
        found: dict[str, str] = {}
        if kind == "inherited":
            found["run"] = str(RunFolder.open(argument).read_json("run.json").get("fingerprint"))
        elif kind == "table":
            assert isinstance(self.evaluator, Table)  # refused here where there is no file
            found["table"] = hashlib.sha256(Path(options(argument)[0]).read_bytes()).hexdigest()
        known = kind == "table" or isinstance(self.given, Table)
        if kind in ("standalone", "zerocost") or (self.most and not known):
            found["data"] = self.data.fingerprint
        return found


def resolved(
    request: Exploration,
    space: SearchSpace | None = None,
    explorer: Explorer | None = None,
    evaluator: Evaluator | None = None,
    data: Data | None = None,
) -> Terrain:
    """The request; objects stand in for names where they are given.

    Raises:
        UnknownName: no space, explorer, evaluator, data set, preset, cost or field of that name.
        BadValue: a value outside its range, or a Python object that other processes would need.
    """
    if "object" in (request.space, request.explorer, request.evaluator, request.data) and request.workers > 1:
        raise BadValue(
            expected="1 worker where Python objects are given",
            got=f"{request.workers}",
            do="call it from several processes with the same run folder",
        )
    space = spaces.get(request.space) if space is None else space
    explorer = explorers.get(request.explorer) if explorer is None else explorer
    if request.preset not in space.presets:
        raise UnknownName("preset", request.preset, space.presets)
    preset = space.presets[request.preset]
    training = preset.training if request.epochs is None else replace(preset.training, epochs=request.epochs)
    places = {
        "space": space, "explorer": explorer, "search": preset.search,
        "deploy": preset.deploy, "training": training, "data": DataSettings(),
    }  # fmt: skip
    for key, _ in request.sets:
        if key.split(".")[0] not in places:
            raise UnknownName("part in --set", key.split(".")[0], places)
    made = spread(request.sets, places)
    preset = replace(preset, search=made["search"], deploy=made["deploy"], training=made["training"])
    return Terrain(
        request, made["space"], made["explorer"], preset, made["data"], limits(request.limits),
        chosen_device(request.device), evaluator, data,
    )  # fmt: skip
