"""Plan: a request with every name resolved and every check passed; nothing was computed yet."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch

from gapless import data as data_sets
from gapless import methods, spaces
from gapless.core import Streams
from gapless.core.errors import BadValue, Incompatible, UnknownName
from gapless.core.training import Training
from gapless.data import Data
from gapless.engine.check import check
from gapless.engine.recipe import Recipe, plain
from gapless.evaluate.cost import Limits, limits
from gapless.job.coarse import taken
from gapless.job.limits import buildable, refusing_memory_errors
from gapless.job.request import Request
from gapless.job.settings import spread
from gapless.spaces.contract import Preset, SearchSpace, Shape


@dataclass(frozen=True)
class DataSettings:
    """What ``--set data.size=32`` and ``--set data.limit=1000`` can say about a named data set."""

    size: int | None = None
    limit: int | None = None


@dataclass(frozen=True)
class Plan:
    """Everything that a search needs, as objects."""

    request: Request
    space: SearchSpace
    data: Data
    recipe: Recipe
    preset: Preset
    streams: Streams
    device: torch.device

    @cached_property
    def fingerprint(self) -> str:
        """16 hexadecimal digits over all that numbers depend on: a resume must find the same.

        It goes along to other processes, where a script has another name.
        """
        value = {
            "space": plain(self.space),
            "recipe": self.recipe.fingerprint,
            "preset": plain(self.preset),
            "data": self.data.fingerprint,
            "seed": self.request.seed,
        }
        return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]

    @cached_property
    def search_data(self) -> Data:
        """What the search's networks see."""
        return self.data.coarsened(self.recipe.side) if self.recipe.side else self.data

    @property
    def search_shapes(self) -> list[Shape]:
        """Those of the super-networks of all stages, each once."""
        return list(dict.fromkeys(stage.reshaped(self.preset.search) for stage in self.recipe.stages))

    @property
    def search_shape(self) -> Shape:
        """The search's own shape (a3): that of its last super-network."""
        return self.recipe.stages[-1].reshaped(self.preset.search)

    def buildable(self) -> None:
        """Builds the networks of the job for a try, see `gapless.job.limits.buildable`."""
        buildable(self.space, self.preset, self.data.shape, self.search_shapes, self.search_data.shape)

    def search_training(self) -> Training:
        """The search's own recipe for one network alone (a3): same epochs, batch and optimizer."""
        recipe = self.recipe
        return Training(recipe.epochs, recipe.batch, recipe.weights, recipe.label_smoothing)


def plan(
    request: Request, space: SearchSpace | None = None, data: Data | None = None, recipe: Recipe | None = None
) -> Plan:
    """Resolves a request; objects stand in for names where they are given.

    Raises:
        UnknownName: a space, data set, method, preset or field of that name does not exist.
        BadValue: a value outside its range.
        BadData: the data cannot be trained on.
        Incompatible: the method cannot run on the space.
    """
    streams = Streams(request.seed)
    device = chosen_device(request.device)
    if space is None:
        space = spaces.get(request.space)
    if recipe is None:
        recipe = methods.get(request.method, request.preset)
    if request.preset not in space.presets:
        raise UnknownName("preset", request.preset, space.presets)
    if request.epochs is not None:
        recipe = recipe.scaled(request.epochs)
    preset = space.presets[request.preset]
    places = {
        "space": space, "recipe": recipe, "search": preset.search, "deploy": preset.deploy,
        "training": preset.training, "data": DataSettings(),
    }  # fmt: skip
    values = spread(request.sets, places)
    space, recipe = values["space"], values["recipe"]
    if request.limits:
        recipe = within(recipe, Limits(limits(request.limits), values["deploy"]))
    check(recipe, space)
    if data is None:
        settings: dict[str, Any] = {"size": values["data"].size, "limit": values["data"].limit}
        with refusing_memory_errors():
            data = data_sets.get(request.data, root=request.root, place=request.place, **settings)
    elif values["data"] != DataSettings():
        raise BadValue(
            expected="--set data... for a data set by name",
            got="data as a Python object",
            do="make the object with that size or limit",
        )
    preset = replace(preset, search=values["search"], deploy=values["deploy"], training=values["training"])
    planned = Plan(request, space, data, recipe, preset, streams, device)
    return replace(planned, recipe=taken(recipe, space, planned.search_shapes, preset.deploy, data))


def within(recipe: Recipe, most: Limits) -> Recipe:
    """The recipe with a selection that scores only what keeps to the limits.

    Raises:
        Incompatible: it does not score architectures one by one.
    """
    select: Any = recipe.select
    if not hasattr(select, "limits"):
        raise Incompatible(
            expected="a method that scores sub-networks one by one, for --max",
            got=f"'{recipe.name}'",
            do="use --method spos, random or autoslim, or 'gapless explore --max'",
        )
    return replace(recipe, select=replace(select, limits=most))


def chosen_device(name: str) -> torch.device:
    """Raises:
    UnknownName: no such device name.
    BadValue: CUDA was asked for and is not there.
    """
    if name not in ("auto", "cpu", "cuda"):
        raise UnknownName("device", name, ("auto", "cpu", "cuda"))
    if name == "cuda" and not torch.cuda.is_available():
        raise BadValue(expected="a CUDA device", got="a machine without one", do="use --device cpu")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")
