"""``docs/behaviours.md``: what papers report of their methods, looked for at small scale.

    python -m benchmarks.behaviours [--seeds 3] [--only NAME ...]

On the embedded digits, in the quick preset of each method and the quick search shape of each space. What
was measured is kept in ``benchmarks/behaviours.json``, search by search; what is there is not done again.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

import gapless.data
import gapless.methods
import gapless.spaces
from benchmarks.value import value
from gapless.audit.ablation import mean
from gapless.core import Streams
from gapless.core.files import beside
from gapless.data import Data
from gapless.engine.check import conflicts
from gapless.engine.loop import search
from gapless.engine.recipe import Recipe
from gapless.engine.run import Run
from gapless.measure.chain import inherited, mixture
from gapless.parts.contract import Active, RunView, Sampler
from gapless.parts.mask.skip_limit import SKIPS
from gapless.parts.observe.skip_count import SkipCount
from gapless.spaces.contract import Shape

HERE = Path(__file__).parent
STORED, DOCUMENT = HERE / "behaviours.json", HERE.parent / "docs" / "behaviours.md"
Results = dict[str, Any]

DRIFT = (
    "darts", "darts-plus", "r-darts-l2", "r-darts-dp", "darts-es", "p-darts", "fair-darts", "sdarts-rs",
    "sdarts-adv", "darts-pt",
)  # fmt: skip
LONG = 60
AT = (5, 10, 20, 40, 60)
DROP = ("darts", "asap", "da2s", "gdas", "fair-darts", "gold-nas")
FAIR = ("spos", "fairnas")


@dataclass(frozen=True)
class Counted:
    """A sampler that also counts how often each operation is trained, group by group."""

    sampler: Sampler
    counts: dict[str, NDArray[np.int64]] = field(default_factory=dict)

    def __call__(self, run: RunView, rng: np.random.Generator) -> Sequence[Active]:
        tables = self.sampler(run, rng)
        for table in tables:
            for group, active in table.items():
                self.counts[group] = self.counts.get(group, np.zeros(active.shape, np.int64)) + active
        return tables


SMALL = {"nb201": Shape(4, 1, affine=False)}
"""Where the quick search shape is too large for searches this long."""


def begun(recipe: Recipe, space: str, seed: int, data: Data) -> Run:
    """A search at its first step."""
    found = gapless.spaces.get(space)
    shape = SMALL.get(space, found.presets["quick"].search)
    return Run(recipe, found, shape, data, Streams(seed), torch.device("cpu"))


def drift(method: str, seed: int, data: Data, epochs: int = LONG) -> Results:
    """Skips among the six operations of the nb201 cell, epoch by epoch, of a search that is long."""
    recipe = gapless.methods.get(method, "quick").scaled(epochs)
    stages = tuple(
        stage if stage.relax is None or any(isinstance(part, SkipCount) for part in stage.observe)
        else replace(stage, observe=(*stage.observe, SkipCount()))
        for stage in recipe.stages
    )  # fmt: skip
    run = begun(replace(recipe, stages=stages), "nb201", seed, data)
    arch = search(run, lambda ended: None)
    picked = [option for path in run.choices.groups()[0].rows for option in arch.picked_at(path)]
    return {
        "skips": [row["skips"] for row in run.trace if "skips" in row],
        "epochs": len(run.trace), "final": sum(option in SKIPS for option in picked),
        "none": sum(option == "none" for option in picked), "of": len(picked),
        "arch": run.space.text(arch),
    }  # fmt: skip


def drop(method: str, seed: int, data: Data) -> Results:
    """a0 and a1 of a search: the super-network whole, and cut out with its weights, on the audit split."""
    space = "gold-nas" if method == "gold-nas" else "darts"
    run = begun(gapless.methods.get(method, "quick"), space, seed, data)
    arch = search(run, lambda ended: None)
    a0, a1 = mixture(run)["accuracy"], inherited(run, arch, recalibrated=False)["accuracy"]
    a2 = inherited(run, arch, recalibrated=True)["accuracy"]
    points = getattr(run.stage.mask, "points", None)
    met = [] if points is None else [
        {"accuracy": r.metrics["accuracy"], "macs": r.cost["macs"]} for r in points(run)
    ]  # fmt: skip
    return {"a0": a0, "a1": a1, "a2": a2, "arch": run.space.text(arch), "points": met}


def fairness(method: str, seed: int, data: Data) -> Results:
    """How often the operations of a layer were trained, of all layers of a chain."""
    recipe = gapless.methods.get(method, "quick")
    counted = Counted(recipe.stages[0].sample)  # type: ignore[arg-type]
    recipe = replace(recipe, stages=(replace(recipe.stages[0], sample=counted), *recipe.stages[1:]))
    run = begun(recipe, "chain", seed, data)
    while run.progress.step < run.progress.steps:
        run.step()
        if run.epoch_ended:
            run.end_epoch()
    (table,) = counted.counts.values()
    spread = (table.max(1) - table.min(1)) / table.mean(1)
    return {"steps": run.total, "least": int(table.min()), "most": int(table.max()),
            "spread": float(spread.mean())}  # fmt: skip


PARTS: Mapping[str, tuple[Sequence[str], Callable[[str, int, Data], Results]]] = {
    "drift": (DRIFT, drift),
    "drop": (DROP, drop),
    "fairness": (FAIR, fairness),
}


def refused(part: str, method: str) -> str:
    """Why a method does not run where a part wants it; empty where it does."""
    space = {"drift": "nb201", "fairness": "chain"}.get(part, "gold-nas" if method == "gold-nas" else "darts")
    return next(iter(conflicts(gapless.methods.get(method, "quick"), gapless.spaces.get(space))), "")


def front(points: Sequence[Mapping[str, float]]) -> list[Mapping[str, float]]:
    """The points that no other beats in accuracy and MACs both, cheapest first."""
    best: list[Mapping[str, float]] = []
    for point in sorted(points, key=lambda p: (p["macs"], -p["accuracy"])):
        if not best or point["accuracy"] > best[-1]["accuracy"]:
            best.append(point)
    return best


# -- the document ---------------------------------------------------------------------------------

HEAD = """# What papers report, at small scale

Written by `python -m benchmarks.behaviours` from `benchmarks/behaviours.json`; do not edit.

Embedded digits (8x8), quick presets, quick search shapes, seeds {seeds}. `+-` is half of the 95 % interval
over seeds by Student's t. These searches take a minute where those of the papers take a day: what is not seen
here may well be seen there. `nb201` has 4 channels and 1 cell a stage.
"""


def listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def text(stored: Mapping[str, Mapping[str, Mapping[str, Results]]]) -> str:
    """The document."""
    seeds = sorted({seed for part in stored.values() for method in part.values() for seed in method})
    lines = [HEAD.format(seeds=", ".join(seeds))]
    if "drift" in stored:
        lines += _drift(stored["drift"])
    if "drop" in stored:
        lines += _drop(stored["drop"])
    if "fairness" in stored:
        lines += _fairness(stored["fairness"])
    return "\n".join(lines).rstrip() + "\n"


def _drift(found: Mapping[str, Mapping[str, Results]]) -> list[str]:
    lines = [
        "## Drift to skip connections", "",
        f"`nb201`, {LONG} epochs: skip connections among the six operations of the cell that would be read "
        "off after so many epochs, where the search still goes on; then of the architecture in the end.", "",
        "| method | " + " | ".join(f"epoch {at}" for at in AT) + " | epochs | skips in the end | of none |",
        "|---" * (len(AT) + 4) + "|",
    ]  # fmt: skip
    for method in DRIFT:
        runs = list(found.get(method, {}).values())
        if not runs:
            if reason := refused("drift", method):
                lines.append(f"| `{method}` | does not run here: {reason} |" + " |" * (len(AT) + 2))
            continue
        cells = []
        for at in AT:
            there = [run["skips"][at - 1] for run in runs if len(run["skips"]) >= at]
            cells.append(
                value(there) + (f" ({len(there)})" if len(there) < len(runs) else "") if there else ""
            )
        ends = [value([float(run[name]) for run in runs]) for name in ("epochs", "final", "none")]
        lines.append(f"| `{method}` | {' | '.join((*cells, *ends))} |")
    lines += ["", "In brackets: of so many searches that had not ended by then.", ""]
    base = [run["final"] for run in found.get("darts", {}).values()]
    early = [run["skips"][AT[0] - 1] for run in found.get("darts", {}).values()]
    if base:
        rise = mean([b - e for b, e in zip(base, early, strict=True)])
        seen = "reproduced" if rise["low"] is not None and rise["low"] > 0 else (
            "in the mean only, these seeds do not tell it from none" if rise["mean"] > 0 else "not reproduced"
        )  # fmt: skip
        fewer = [m for m in DRIFT[1:] if m in found and _final(found[m]) < np.mean(base)]
        others = [m for m in DRIFT[1:] if m in found and m not in fewer]
        lines += [
            f"- DARTS goes from {np.mean(early):.1f} skips after {AT[0]} epochs to {np.mean(base):.1f} in "
            f"the end: the drift is {seen}.",
            f"- Fewer skips in the end, in the mean: {listed(fewer)}; not fewer: {listed(others)}.",
            "",
        ]  # fmt: skip
    return lines


def _final(runs: Mapping[str, Results]) -> float:
    return float(np.mean([run["final"] for run in runs.values()]))


def _drop(found: Mapping[str, Mapping[str, Results]]) -> list[str]:
    lines = [
        "## Loss of discretization", "",
        "`darts` (`gold-nas` for GOLD-NAS): accuracy in % on the audit split of the super-network with its "
        "final mixture (a0), of the sub-network with its weights (a1), and with statistics recomputed (a2).",
        "",
        "| method | a0 | a1 | a2 | a0 - a1 | a0 - a2 |", "|---|---|---|---|---|---|",
    ]  # fmt: skip
    for method in DROP:
        runs = list(found.get(method, {}).values())
        if not runs:
            continue
        cells = [value([run[name] for run in runs], 100) for name in ("a0", "a1", "a2")]
        cells += [value([run["a0"] - run[name] for run in runs], 100) for name in ("a1", "a2")]
        lines.append(f"| `{method}` | {' | '.join(cells)} |")
    base = [run["a0"] - run["a1"] for run in found.get("darts", {}).values()]
    if base:
        drops = {
            m: float(np.mean([r["a0"] - r["a1"] for r in found[m].values()])) for m in DROP if m in found
        }
        less = [m for m in DROP[1:] if m in drops and drops[m] < drops["darts"]]
        more = [m for m in DROP[1:] if m in drops and m not in less]
        lines += [
            "", f"- Smaller a0 - a1 than DARTS: {listed(less)}; not smaller: {listed(more)}.",
        ]  # fmt: skip
    if "gold-nas" in found:
        lines += [
            "", "## A Pareto set from one search", "",
            "| seed | points | on the front | MACs of the front | accuracy of the front, % |",
            "|---|---|---|---|---|",
        ]  # fmt: skip
        for seed, run in found["gold-nas"].items():
            best = front(run["points"])
            macs = f"{best[0]['macs']:,.0f} to {best[-1]['macs']:,.0f}" if best else ""
            reached = f"{100 * best[0]['accuracy']:.1f} to {100 * best[-1]['accuracy']:.1f}" if best else ""
            lines.append(f"| {seed} | {len(run['points'])} | {len(best)} | {macs} | {reached} |")
        few = min(len(front(run["points"])) for run in found["gold-nas"].values()) < 3
        verdict = "not reproduced: later networks here are both smaller and better" if few else "reproduced"
        lines += ["", f"- A Pareto set from one run: {verdict}."]
    return [*lines, ""]


def _fairness(found: Mapping[str, Mapping[str, Results]]) -> list[str]:
    lines = [
        "## Fairness", "",
        "`chain`: how often the operations were trained; the spread is (most - least) / mean within a layer, "
        "averaged over layers.", "",
        "| method | steps | least | most | spread |", "|---|---|---|---|---|",
    ]  # fmt: skip
    for method in FAIR:
        runs = list(found.get(method, {}).values())
        if runs:
            least, most = min(run["least"] for run in runs), max(run["most"] for run in runs)
            steps, spread = runs[0]["steps"], value([run["spread"] for run in runs], 1, 4)
            lines.append(f"| `{method}` | {steps} | {least} | {most} | {spread} |")
    return [*lines, ""]


def stored() -> Results:
    return dict(json.loads(STORED.read_text())) if STORED.exists() else {}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=list(PARTS), choices=list(PARTS))
    asked = parser.parse_args()
    found, data = stored(), gapless.data.get("digits")
    todo = [
        (part, method, str(seed))
        for part in asked.only for method in PARTS[part][0] if not refused(part, method)
        for seed in range(asked.seeds) if str(seed) not in found.get(part, {}).get(method, {})
    ]  # fmt: skip
    with Progress("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()) as bar:
        task = bar.add_task("", total=len(todo))
        for part, method, seed in todo:
            bar.update(task, description=f"{part}: {method}, seed {seed}")
            result = PARTS[part][1](method, int(seed), data)
            found.setdefault(part, {}).setdefault(method, {})[seed] = result
            with beside(STORED) as path:
                path.write_text(json.dumps(found, indent=1) + "\n")
            bar.advance(task)
    with beside(DOCUMENT) as path:
        path.write_text(text(found))


if __name__ == "__main__":
    main()
