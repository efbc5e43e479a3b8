"""Super-net sub-optima: what training omega on with alpha held still would still gain."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from statistics import median
from typing import Any

import torch

from gapless.core import Arch
from gapless.engine.extra import fill, flat
from gapless.engine.run import Run, label
from gapless.measure.chain import mixture
from gapless.nets.cost import by_option


def onward(run: Run, epochs: int, advance: Callable[[str], None] = lambda note: None) -> dict[str, Any]:
    """Loss and accuracy on ``audit`` before and after more epochs of omega, alpha being what it is.

    The weights go on from where the search left them, without momentum, with the stage's sampler,
    perturbations and update rule, once more down the recipe's schedule of the learning rate. The search is
    not changed.

    Args:
        epochs: of training; how much is gained depends on them.
        advance: called after every step.

    Returns:
        ``before`` and ``after`` as `gapless.measure.chain.mixture` gives them, and ``epochs``.
    """
    further = again(run, epochs)
    before = mixture(further)
    while further.progress.step < further.progress.steps:
        further.step()
        if further.epoch_ended:
            further.sums = {}
        advance("")
    return {"epochs": epochs, "before": before, "after": mixture(further)}


def again(run: Run, epochs: int) -> Run:
    """A run that starts where another ended, in its last stage, with alpha held still."""
    stage = replace(
        run.stage, epochs=epochs, freeze_alpha=1.0, mask=None, observe=(), fresh=False, depth=1.0, partial=1
    )
    recipe = replace(run.recipe, stages=(stage,))
    streams = run.streams_of_run.child("onward")
    further = Run(recipe, run.space, run.net_shape, run.data, streams, run.device)
    further.stand(further.progress, run.choices)
    further.net.load_state_dict(run.net.state_dict())
    with torch.no_grad():
        for name, table in run.alpha.items():
            further.alpha[name].copy_(table)
    kept = {n: t for n, t in flat(run.extra).items() if n.split("|", 1)[0] in further.extra}
    fill(further.extra, kept)
    return further


def free(run: Run, arch: Arch) -> dict[str, Any]:
    """How many of the operations that survive have no parameters, and how many survive at all.

    Under ``options`` stands, for every row that is chosen from, which of its options have no parameters and
    which have some, and its `halves` by MACs; those that no architecture may have, such as ``none`` of DARTS,
    are in no list.
    Under ``trained``, where paths were sampled: how often each option was in one that a step computed.
    """
    prices, active = run.costs("params"), run.choices.active(arch)
    kept = {name: table.astype(bool) for name, table in active.items()}
    survivors = sum(int(table.sum()) for table in kept.values())
    none = sum(int((table & (prices[name] == 0)).sum()) for name, table in kept.items())
    return {"free": none, "survivors": survivors, "options": _options(run), "trained": _trained(run)}


def _trained(run: Run) -> dict[str, dict[str, dict[str, int]]]:
    """What the run counted, with zeros for what no path had."""
    found: dict[str, dict[str, dict[str, int]]] = {}
    for group in run.space.choices.groups():
        for i, path in enumerate(group.rows):
            counted = run.trained.get(group.name, {}).get(label(path))
            if counted is not None:
                options = (o for o, may in zip(group.options, group.pickable[i], strict=True) if may)
                found.setdefault(group.name, {})[label(path)] = {o: counted.get(o, 0) for o in options}
    return found


def _options(run: Run) -> dict[str, dict[str, dict[str, list[str]]]]:
    """By group and row as the trace of alpha names them; of the whole space, not of what a mask has left.

    Left out are rows whose options have no parameters at all, such as those of a cell that a shallow
    super-network does not have.
    """
    if run.choices == run.space.choices:
        prices = {kind: run.costs(kind) for kind in ("params", "macs")}
    else:
        whole = run.space.network(run.space.choices, run.net_shape, run.data.shape)
        prices = by_option(whole, run.data.shape, run.space.choices)
    found: dict[str, dict[str, dict[str, list[str]]]] = {}
    for group in run.space.choices.groups():
        for i, path in enumerate(group.rows):
            costless, macs = prices["params"][group.name][i] == 0, prices["macs"][group.name][i]
            if costless.all():
                continue
            may = [(o, j) for j, o in enumerate(group.options) if group.pickable[i, j]]
            found.setdefault(group.name, {})[label(path)] = {
                "free": [option for option, j in may if costless[j]],
                "other": [option for option, j in may if not costless[j]],
                **halves({option: float(macs[j]) for option, j in may}),
            }
    return found


def halves(macs: Mapping[str, float]) -> dict[str, list[str]]:
    """Options in two halves: ``light`` those of at most the median MACs, ``heavy`` those above; where none is
    above, those at the median are. Both are empty where all are equal."""
    middle = median(macs.values()) if macs else 0.0
    light = [option for option, n in macs.items() if n <= middle]
    if len(light) == len(macs):
        light = [option for option, n in macs.items() if n < middle]
    heavy = [option for option in macs if option not in light]
    return {"light": light, "heavy": heavy if light else []}
