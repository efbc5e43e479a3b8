"""What holds of every method: run `checks` on your own recipe.

    for check in gapless.testing.methods.checks:
        check(my_recipe)

A failure is an `AssertionError` that says what does not hold. Searches are real and tiny: a few steps on
8x8 digits, on every space of `SPACES` on which the recipe has no conflicts.
"""

from __future__ import annotations

import copy
import dataclasses
import json
import math
import pickle
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

import gapless.data
from gapless.core import Arch, Streams
from gapless.core.errors import BadValue, Diverged
from gapless.data import Data
from gapless.engine.check import conflicts
from gapless.engine.checkpoint import Checkpoints
from gapless.engine.extra import flat
from gapless.engine.loop import search, units
from gapless.engine.recipe import PROSE, Recipe, plain
from gapless.engine.run import Run
from gapless.engine.state import restore, snapshot
from gapless.nets.statistics import normalizations
from gapless.spaces.chain import Chain
from gapless.spaces.contract import SearchSpace, Shape
from gapless.spaces.darts import Darts
from gapless.testing.require import require

Check = Callable[[Recipe], None]
Tiny = tuple[SearchSpace, Shape]

BATCH = 8
EVALUATIONS = 3
SPACES: tuple[Tiny, ...] = (
    (Chain(("identity", "k3e1", "k3e2"), widths=(1, 2), strides=(1, 2), head=2), Shape(2, affine=False)),
    (
        Darts(nodes=2, operations=("max_pool_3x3", "skip_connect", "dil_conv_3x3")),
        Shape(4, 3, affine=False, pool_norm=True),
    ),
)
TERMS = (
    "mathematical error", "super-net sub-optima", "discretization loss",
    "weight sharing", "deployment gap", "noise",
)  # fmt: skip


@cache
def digits() -> Data:
    """60 images of 8x8 beside the test split: 3 batches of 8 an epoch."""
    return gapless.data.get("digits", limit=60)


class Double(Data):
    """The same data set with batches in float64."""

    def batch(self, *args: Any, **settings: Any) -> tuple[torch.Tensor, torch.Tensor]:
        return super().batch(*args, **(settings | {"dtype": torch.float64}))


def shortened(recipe: Recipe) -> Recipe:
    """The same parts, with 2 epochs (or one a stage), batches of 8, and at most 3 evaluations of 1 batch."""
    select: Any = recipe.select
    known = {f.name for f in dataclasses.fields(select)} if dataclasses.is_dataclass(select) else set()
    if "evaluations" in known and select.evaluations > EVALUATIONS:
        select = replace(select, evaluations=EVALUATIONS)
    if "evaluator" in known:
        select = replace(select, evaluator=replace(select.evaluator, batches=1, batch=BATCH))
    if "early" in known:
        select = replace(select, early=replace(select.early, steps=5, batch=BATCH))
    return replace(recipe.scaled(max(2, len(recipe.stages))), batch=BATCH, select=select)


def started(recipe: Recipe, tiny: Tiny, seed: int = 0, double: bool = False) -> Run:
    """A run at its first step; in float64 where ``double``."""
    space, shape = tiny
    data = digits()
    if double:
        data = Double(**{field.name: getattr(data, field.name) for field in dataclasses.fields(data)})
    run = Run(recipe, space, shape, data, Streams(seed), torch.device("cpu"))
    if double:
        run.net.double()
        for tensor in (*run.alpha.values(), *flat(run.extra).values()):
            if tensor.is_floating_point():
                tensor.data = tensor.data.double()
    return run


def runs(recipe: Recipe, seed: int = 0) -> Iterator[Run]:
    """A shortened run on each tiny space that the recipe accepts."""
    accepted = [tiny for tiny in SPACES if not conflicts(recipe, tiny[0])]
    refused = "; ".join(line for tiny in SPACES for line in conflicts(recipe, tiny[0]))
    require(bool(accepted), f"'{recipe.name}' runs on no tiny space: {refused}")
    for tiny in accepted:
        yield started(shortened(recipe), tiny, seed)


class _Enough(Exception):
    """So many steps and evaluations were done."""


def advance(run: Run, count: int | None = None) -> Arch | None:
    """Runs the loop for ``count`` more steps and evaluations, or to the end.

    Returns:
        The architecture where the end was reached, else None.
    """
    done = 0

    def after(_ended: bool) -> None:
        nonlocal done
        done += 1
        if done == count:
            raise _Enough

    try:
        return search(run, after)
    except _Enough:
        return None


def state(run: Run) -> dict[str, Any]:
    """All that a checkpoint holds, by name, apart from wall-clock times: tensors, and JSON as text."""
    tensors, values = snapshot(run)
    values = copy.deepcopy(values)
    for record in values["history"]:
        record.pop("seconds")
    return {**tensors, **{name: json.dumps(value) for name, value in values.items()}}


def differing(a: Run, b: Run) -> list[str]:
    """Names of what is not bitwise equal."""
    x, y = state(a), state(b)
    return sorted(
        name for name in {*x, *y} if name not in x or name not in y or not _identical(x[name], y[name])
    )


def _identical(a: Any, b: Any) -> bool:
    if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
        return a.dtype == b.dtype and torch.equal(a, b)
    return bool(a == b)


def reopened(run: Run, seed: int = 0) -> Run:
    """A new run made from a checkpoint of this one, through the files of a real one."""
    fresh = Run(run.recipe, run.space, run.shape, run.data, Streams(seed), run.device, run.for_use)
    with TemporaryDirectory() as folder:
        checkpoints = Checkpoints(Path(folder))
        checkpoints.write(run.total, *snapshot(run))
        saved = checkpoints.latest()
    require(saved is not None, f"no checkpoint of '{run.recipe.name}' can be read back")
    assert saved is not None
    restore(fresh, saved.tensors, saved.values)
    return fresh


# -- the recipe as a value --------------------------------------------------------------------------


def named(recipe: Recipe) -> None:
    """Lower case with hyphens, and a title of one line."""
    hyphened = re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", recipe.name)
    require(hyphened is not None, f"not a method's name: {recipe.name!r}")
    require(_one_line(recipe.title), f"'{recipe.name}' needs a title of one line: {recipe.title!r}")


def described(recipe: Recipe) -> None:
    """Reference, equation, terms and deviations are there and well formed."""
    name, reference = recipe.name, recipe.reference
    require(_one_line(recipe.equation), f"'{name}' needs an equation of one line: {recipe.equation!r}")
    unknown = [term for term in recipe.terms if term not in TERMS]
    require(not unknown, f"'{name}' attacks terms that the gap does not have: {unknown}; they are {TERMS}")
    require(len(set(recipe.terms)) == len(recipe.terms), f"'{name}' lists a term twice: {recipe.terms}")
    for line in recipe.deviations:
        require(_one_line(line) and line.endswith("."), f"'{name}' needs deviations as sentences: {line!r}")
    require(reference is not None, f"'{name}' needs a reference")
    assert reference is not None
    for part in ("authors", "title", "venue"):
        require(_one_line(getattr(reference, part)), f"the reference of '{name}' lacks its {part}")
    require(1980 < reference.year < 2100, f"the reference of '{name}' is of the year {reference.year}")
    entry = reference.bibtex("key")
    require(entry.count("{") == entry.count("}"), f"the BibTeX entry of '{name}' has open braces:\n{entry}")
    require(reference.title in entry and str(reference.year) in entry, f"incomplete BibTeX:\n{entry}")


def _one_line(text: str) -> bool:
    return bool(text.strip()) and text == text.strip() and len(text.splitlines()) == 1


def comparable(recipe: Recipe) -> None:
    """Equal to its copy and printed, hashed, pickled and fingerprinted like it; unlike any variant.

    The fingerprint shows every change but one of prose.
    """
    for twin in (pickle.loads(pickle.dumps(recipe)), copy.deepcopy(recipe)):
        same = twin == recipe and hash(twin) == hash(recipe) and twin.fingerprint == recipe.fingerprint
        require(same and repr(twin) == repr(recipe), f"a copy of '{recipe.name}' is not equal to it")
    require(" at 0x" not in repr(recipe), f"'{recipe.name}' prints an address: {recipe!r}")
    json.dumps(plain(recipe))
    for variant in variants(recipe):
        require(variant != recipe, f"'{recipe.name}' is equal to a variant: {variant!r}")
        prose = any(getattr(variant, name) != getattr(recipe, name) for name in PROSE)
        shown = variant.fingerprint != recipe.fingerprint
        require(shown != prose, f"the fingerprint {'shows' if shown else 'does not show'} {variant!r}")


def variants(value: Any) -> Iterator[Any]:
    """The value with one number, name or part in it changed, for each of them."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            for other in variants(getattr(value, field.name)):
                changed = copy.copy(value)
                object.__setattr__(changed, field.name, other)
                yield changed
    elif isinstance(value, tuple):
        for i, item in enumerate(value):
            yield from ((*value[:i], other, *value[i + 1 :]) for other in variants(item))
        yield (*value, "another")
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, (int, float)):
        yield value + 1
    elif isinstance(value, str):
        yield value + "x"
    else:
        yield "another"


def frozen(recipe: Recipe) -> None:
    """The recipe and every part of it are frozen dataclasses with a hash."""
    for part in _parts(recipe):
        hash(part)
        for field in dataclasses.fields(part):
            try:
                setattr(part, field.name, getattr(part, field.name))
            except dataclasses.FrozenInstanceError:
                continue
            raise AssertionError(f"{type(part).__name__}.{field.name} of '{recipe.name}' can be changed")


def _parts(value: Any) -> Iterator[Any]:
    if dataclasses.is_dataclass(value):
        yield value
        for field in dataclasses.fields(value):
            yield from _parts(getattr(value, field.name))
    elif isinstance(value, (tuple, Mapping)):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _parts(item)


def scales(recipe: Recipe) -> None:
    """``scaled(n)`` has n epochs, at least one a stage, and changes nothing else; too few are refused."""
    least = len(recipe.stages)
    for epochs in (*range(least, least + 7), recipe.epochs, 10 * recipe.epochs + 1):
        other = recipe.scaled(epochs)
        require(other.epochs == epochs, f"'{recipe.name}' scaled to {epochs} epochs has {other.epochs}")
        back = [replace(s, epochs=old.epochs) for s, old in zip(other.stages, recipe.stages, strict=True)]
        require(replace(other, stages=tuple(back)) == recipe, f"scaled({epochs}) changes more than epochs")
    require(recipe.scaled(recipe.epochs) == recipe, f"'{recipe.name}' scaled to its own epochs is another")
    try:
        recipe.scaled(least - 1)
    except BadValue:
        return
    raise AssertionError(f"'{recipe.name}' was scaled to {least - 1} epochs for {least} stages")


# -- the recipe at work -----------------------------------------------------------------------------


def alpha_apart(recipe: Recipe) -> None:
    """Alpha is no parameter or buffer of the network, and each optimizer moves its own tensors only."""
    for run in runs(recipe):
        advance(run, 2)
        places = {t.data_ptr(): name for name, t in run.alpha.items()}
        owned = [*run.net.parameters(), *run.net.buffers(), *run.weights.tensors]
        shared = {places[t.data_ptr()] for t in owned if t.data_ptr() in places}
        require(not shared, f"alpha {shared} of '{recipe.name}' is among the weights")
        moved, parameters = {id(t) for t in run.weights.tensors}, {id(p) for p in run.net.parameters()}
        require(moved == parameters, f"the weight optimizer of '{recipe.name}' does not move the weights")
        moved, alphas = {id(t) for t in run.alphas.tensors}, {id(t) for t in run.alpha.values()}
        require(moved == alphas, f"the optimizer of alpha in '{recipe.name}' does not move alpha")


def seeds(recipe: Recipe) -> None:
    """Bitwise equal with one seed, different with another, and torch's own generator is left alone."""
    for a, b, c in zip(runs(recipe), runs(recipe), runs(recipe, seed=1), strict=True):
        advance(a, 3)
        torch.rand(1)  # where the global generator stands must not matter
        before = torch.get_rng_state()
        advance(b, 3)
        require(torch.equal(before, torch.get_rng_state()), f"'{recipe.name}' draws from torch's generator")
        require(not differing(a, b), f"one seed, two results in '{recipe.name}': {differing(a, b)[:3]}")
        advance(c, 3)
        weights = {f"net:{name}" for name in c.weights.named}
        require(weights <= set(differing(a, c)), f"weights of '{recipe.name}' do not depend on the seed")


def resumes(recipe: Recipe) -> None:
    """Interrupted and resumed from a checkpoint: bitwise the run that was not interrupted.

    In the middle of an epoch, at its end, and before the last step or evaluation.
    """
    for whole in runs(recipe):
        run = started(whole.recipe, (whole.space, whole.shape))
        arch, length = advance(whole), units(run)
        for count in sorted({2, 3, length - 1}):
            half = started(whole.recipe, (whole.space, whole.shape))
            advance(half, count)
            again = reopened(half)
            wrong = differing(half, again)
            require(not wrong, f"a checkpoint of '{recipe.name}' loses {wrong[:3]}")
            found, wrong = advance(again), differing(whole, again)
            require(not wrong, f"'{recipe.name}' resumed after {count} of {length} differs in {wrong[:3]}")
            require(found == arch, f"'{recipe.name}' resumed after {count} finds another architecture")


def valid(recipe: Recipe) -> None:
    """The search ends with an architecture of the space, and one row an epoch in the trace."""
    for run in runs(recipe):
        arch = advance(run)
        require(arch is not None and arch in run.space.choices, f"'{recipe.name}' ends with {arch}")
        rows = [(row["stage"], row["epoch"]) for row in run.trace]
        require(rows == sorted(set(rows)) and len(rows) <= run.recipe.epochs, f"a trace of {rows}")
        require(all(math.isfinite(row["train_loss"]) for row in run.trace), "a loss that is not finite")
        require(len(run.history) <= run.recipe.select.evaluations, "more evaluations than the selection has")


def statistics(recipe: Recipe) -> None:
    """Running statistics see the forwards of the weight step only, not those of the alpha step.

    They are those of a search whose alpha is held, where it was or where the step has moved it: what the
    weight step computes may depend on alpha.
    """
    held = replace(recipe, stages=tuple(replace(stage, freeze_alpha=1.0) for stage in recipe.stages))
    for run, *still in zip(runs(recipe), runs(held), runs(held), strict=True):
        advance(run, 1)
        for name, table in run.alpha.items():
            still[1].alpha[name].data.copy_(table)
        for each in still:
            advance(each, 1)
        same = _seen(run) in [_seen(each) for each in still]
        require(same, f"the alpha step of '{recipe.name}' changes running statistics")


def _seen(run: Run) -> list[int]:
    return [int(n) for layer in normalizations(run.net) if (n := layer.num_batches_tracked) is not None]


def diverges(recipe: Recipe) -> None:
    """A loss that is not a number stops the search in the very step."""
    for run in runs(recipe):
        advance(run, 1)
        run.data = replace(run.data, mean=(math.nan,) * run.data.shape.channels)
        try:
            advance(run, 1)
        except Diverged:
            continue
        raise AssertionError(f"'{recipe.name}' went on with images that are not numbers")


checks: list[Check] = [
    named, described, comparable, frozen, scales, alpha_apart, seeds, resumes, valid, statistics, diverges,
]  # fmt: skip
