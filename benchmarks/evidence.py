"""``docs/evidence.md``: what shrinks the gap on NAS-Bench-201, and what the recipe made of it finds.

    python -m benchmarks.evidence FOLDER SHARED variants [--only NAME ...] [--seeds N ...]
    python -m benchmarks.evidence FOLDER SHARED recipe [--seeds N ...]
    python -m benchmarks.evidence ROOT - elsewhere [--seeds N ...]
    python -m benchmarks.evidence                          writes the document anew

FOLDER holds the CIFAR-10 subset as ``folder:`` takes it, SHARED the tables, ROOT Fashion-MNIST. Results are
kept in ``benchmarks/evidence.json``, seed by seed; what is there is not done again. The table of
NAS-Bench-201 is looked at for judging alone.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from rich.progress import track

import gapless
import gapless.data
import gapless.methods
import gapless.spaces
from benchmarks import random_search
from benchmarks.elsewhere import SPACES, elsewhere, elsewhere_table, longer, number
from benchmarks.orders import RANDOM, TITLES, Orders, orders, over_tops, taus
from benchmarks.remedies import (
    DECILE,
    SPACE,
    TOPS,
    VARIANTS,
    Numbers,
    Results,
    Truth,
    samples,
    spread,
    truth,
    variant,
    variants_table,
)
from gapless.core import Arch
from gapless.core.files import beside
from gapless.core.record import Record
from gapless.engine.run import Run
from gapless.evaluate.early import LAST, Early
from gapless.job.interrupt import Stopper
from gapless.job.job import reopened
from gapless.job.show import Bars
from gapless.job.work import Work

HERE = Path(__file__).parent
STORED, DOCUMENT = HERE / "evidence.json", HERE.parent / "docs" / "evidence.md"
TIMED = 10
"""Architectures over which seconds are a mean."""
SETTINGS = {"search.depth": 2, "search.channels": 16, "deploy.depth": 5, "deploy.channels": 16}
"""Shape of the recipe's super-network and of the table's networks; 100 epochs as in its paper preset."""


def row(record: Record) -> Results:
    """All numbers of one architecture."""
    return {"index": SPACE.official_index(record.arch), **record.metrics, **record.cost}


# -- the recipe ---------------------------------------------------------------------------------------------


def recipe(folder: str, accuracy: Numbers, seed: int, ranked: bool) -> Results:
    """One search by method ``gapless``, and where ``ranked`` what it thinks of the two samples."""
    with TemporaryDirectory() as place:
        run, start, began = Path(place) / "run", time.process_time(), time.perf_counter()
        found = gapless.search(
            "nb201", f"folder:{folder}", "gapless", preset="paper", run=run, seed=seed, settings=SETTINGS,
            retrain=False, audit=False, progress=True,
        )  # fmt: skip
        minutes, clock = (time.process_time() - start) / 60, (time.perf_counter() - began) / 60
        index = SPACE.official_index(found.arch)
        search = Work(*reopened(run), Bars(), Stopper()).run()
        select: Any = search.recipe.select
        result: Results = {
            "minutes": minutes, "clock": clock, "threads": torch.get_num_threads(), "index": index,
            "accuracy": float(accuracy[index]),
        }  # fmt: skip
        result["candidates"] = [row(record) for record in search.history]
        result["seconds"] = seconds(search, search.history[:TIMED])
        if ranked:
            known = {record.arch: record for record in search.history}
            for index in track(samples(accuracy)[1], f"judging {seed}"):
                arch = SPACE.from_index(index)
                record = known[arch] if arch in known else select.judged(search, [arch])[0]
                result.setdefault("tops", {})[str(index)] = row(record)
    return result


def seconds(run: Run, records: Sequence[Record]) -> dict[str, float]:
    """What each metric of one architecture takes, in the mean, of one thread."""
    select: Any = run.recipe.select
    space, early, streams = run.space, select.early, run.streams_of_run

    def each(score: Callable[[Arch], object]) -> float:
        start = time.process_time()
        for record in records:
            score(record.arch)
        return (time.process_time() - start) / len(records)

    def first(part: Early) -> float:
        given = (run.use.shape, run.data, run.device, streams.child("early"))
        return each(lambda arch: part(space, arch, *given))

    bare = replace(early, scores=(), steps=LAST)
    none = first(bare)
    found = {name: first(replace(bare, scores=(name,))) - none for name in early.scores}
    given = (run.net_shape, run.data, run.device, streams.child("recalibrate"))
    found["accuracy"] = each(lambda arch: select.evaluator.score(space, run.net, arch, *given))
    return found | {"speed": first(replace(early, scores=()))}


# -- the document -------------------------------------------------------------------------------------------

HEAD = f"""# What shrinks the gap, and the recipe made of it

Written by `python -m benchmarks.evidence` from `benchmarks/evidence.json`; do not edit. FOLDER below is the
CIFAR-10 subset of 20,000 training images as PNG files (`unpack_cifar10.py FOLDER`), of which a search trains
its weights on 9,000 and scores on 3,008 of 9,000 others; SHARED holds the table of NAS-Bench-201. No
search reads the table, nor an image of its test set. It judges afterwards: truth is the test accuracy on
CIFAR-10 after 200 epochs, mean over its seeds. Tau is Kendall's tau-b; "top tenth" is tau within {TOPS}
architectures out of those whose truth is among the best {1 - DECILE:.0%} of the space, the same for every
seed. After a number stands the standard deviation over seeds. Minutes are processor time of machines that
were in use.

What was tuned on the table, and how far: while the recipe was made, its parts and constants were chosen by
looking at how they rank 200 other architectures (and 120 of the top tenth), and its votes by how they rank
what searches of seeds 0, 1 and 2 had scored. Searches of other seeds draw architectures afresh, but from the
same space and for the same images: how well the constants do elsewhere, only the last section says.
"""


def ranking_table(found: Results, judged: Orders) -> list[str]:
    """Of the architectures that each search drew uniformly; and of the top tenth where they were judged."""
    runs = found["recipe"]
    lines = [
        "## How the recipe ranks, and what else does for how much", "",
        "`python -m benchmarks.evidence FOLDER SHARED recipe`. The "
        f"{RANDOM} architectures that each search draws", "uniformly before it is guided; those of the top "
        "tenth are judged among them. \"Picks\" is the true accuracy", "of the first of the "
        f"{RANDOM}, in %. Seconds are of one architecture, once the super-network is trained,",
        f"which took the rest of the minutes below: {SETTINGS['search.channels']} channels, "
        f"{SETTINGS['search.depth']} cells a stage, 100 epochs. \"As a Gaussian",
        "process predicts it\": of the architectures that it was fitted to. In the top tenth ± says nothing",
        f"of which {TOPS} were drawn: over them the recipe's tau has a 95 % interval of {over_tops(found)}.",
        "Seeds: "
        f"{', '.join(sorted(runs, key=int))}; of the top tenth: "
        f"{', '.join(sorted((seed for seed, run in runs.items() if run.get('tops')), key=int))}.", "",
        "| ordered by | tau | top tenth | picks | s |", "|---|---|---|---|---|",
    ]  # fmt: skip
    for name, title in TITLES.items():
        took = [run["seconds"][name] for run in runs.values() if name in run["seconds"]]
        picks = spread([one.picks for one in judged[name]])
        cells = (*taus(judged[name]), picks, f"{fmean(took):.1f}" if took else "")
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return lines


def skip_table(judged: Orders) -> list[str]:
    """Who sees what a skip from input to output is worth."""
    lines = [
        "## What judges disagree about", "",
        "Of all operations on all edges, a skip from the cell's input to its output says most about the",
        "order in the top tenth. Perhaps it helps five cells a stage to train, and a super-network of two",
        "does not need it; that was not tested. How much higher each judge ranks those of the top tenth",
        "that have it, in the mean, as a share of the ranks; the same runs as above.", "",
        "| judge | higher by |", "|---|---|",
    ]  # fmt: skip
    for name, title in {"truth": "the truth", **TITLES}.items():
        higher = [one.skip for one in judged[name]]
        lines.append(f"| {title} | {spread([by for by in higher if by is not None])} |")
    return lines


def about(known: Truth) -> Results:
    """What the table says of its space, in %."""
    mean, deviation = random_search.found(known.short, known.whole, RANDOM)
    return {
        "best": float(known.whole.max()), "mean": float(known.whole.mean()),
        "tenth": float(np.quantile(known.whole, DECILE)), "random search": [mean, deviation],
    }  # fmt: skip


def compared(space: Results) -> list[str]:
    """What the accuracies of found cells are to be held against."""
    mean, deviation = space["random search"]
    return [
        f"The best cell of the space has {space['best']:.2f}, a random one {space['mean']:.2f} in the mean; "
        f"the best tenth begins at {space['tenth']:.2f}.",
        f"Random search that the table tells the validation accuracy of {RANDOM} cells after 12 epochs",
        f"finds {mean:.2f} ± {deviation:.2f}, over its draws.", "",
    ]  # fmt: skip


def found_table(found: Mapping[str, Results], space: Results | None) -> list[str]:
    cells = [run["accuracy"] for run in found.values()]
    lines = [
        "## What it finds", "",
        f"Test accuracy of the found cell, %: mean {fmean(cells):.2f}, worst {min(cells):.2f}, over "
        f"{len(cells)} {'seed' if len(cells) == 1 else 'seeds'}.", *(compared(space) if space else [""]),
        "| seed | cell | test accuracy, % | search, min |", "|---|---|---|---|",
    ]  # fmt: skip
    for seed, run in sorted(found.items(), key=lambda pair: int(pair[0])):
        text = SPACE.text(SPACE.from_index(run["index"])).replace("|", "\\|")
        lines.append(f"| {seed} | `{text}` | {run['accuracy']:.2f} | {run['minutes']:.0f} |")
    for seed, run in found.items():
        if run.get("threads") == 2:
            lines += [
                "",
                f"The search of seed {seed} had two cores, and took {run['clock']:.0f} min by the clock; its "
                "minutes are those of both, with their waiting.",
            ]
    return lines


def in_short(found: Results, judged: Orders) -> list[str]:
    runs = found["recipe"].values()
    cells = [run["accuracy"] for run in runs]
    (shared, _), (rest, _), (whole, best) = (taus(judged[name]) for name in ("loss", "unshared", "final"))
    took = [run["minutes"] for run in runs if run.get("threads") != 2]
    times = [f"{min(took):.0f} to {max(took):.0f} minutes of one core"] if took else []
    times += [f"{run['clock']:.0f} minutes of two by the clock" for run in runs if run.get("threads") == 2]
    lines = [
        f"**In short.** Of {RANDOM} random architectures, shared weights alone rank with a tau of {shared},",
        f"the recipe with {whole}, and the recipe without shared weights with {rest}; within the true best",
        f"tenth the recipe has {best or '?'}. The cells it found have {min(cells):.2f} % to "
        f"{max(cells):.2f} % by the table,",
        f"{fmean(cells):.2f} % in the mean of {len(cells)}, after {', or '.join(times)}.",
    ]  # fmt: skip
    return lines + [
        f"In space `{space}`, on Fashion-MNIST, the recipe has {number(run['judged'])}, "
        f"shared weights alone {number(run['recalibrated'])}."
        for space, seeds in found.get("elsewhere", {}).items()
        for run in list(seeds.values())[:1]
    ]


def text(found: Results) -> str:
    """The document."""
    parts = [HEAD.rstrip("\n")]
    judged = orders(found) if found.get("recipe") else {}
    if judged:
        parts.append("\n".join(in_short(found, judged)))
    if found.get("variants"):
        parts.append("\n".join(variants_table(found["variants"])))
    if judged:
        parts.append("\n".join(ranking_table(found, judged)))
        if any(run.get("tops") for run in found["recipe"].values()):
            parts.append("\n".join(skip_table(judged)))
        parts.append("\n".join(found_table(found["recipe"], found.get("space"))))
    if found.get("elsewhere"):
        parts.append("\n".join(elsewhere_table(found["elsewhere"])))
    return "\n\n".join(parts) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?")
    parser.add_argument("shared", nargs="?", type=Path)
    parser.add_argument("part", nargs="?", choices=("variants", "recipe", "elsewhere"))
    parser.add_argument("--only", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[3, 4, 5])
    parser.add_argument("--no-ranking", dest="ranked", action="store_false")
    asked = parser.parse_args()
    if asked.part is not None:
        measure(asked)
    with beside(DOCUMENT) as path:
        path.write_text(text(stored()))


def measure(asked: argparse.Namespace) -> None:
    if asked.part == "elsewhere":
        for seed in asked.seeds:
            for space in SPACES:
                if str(seed) not in stored().get("elsewhere", {}).get(space, {}):
                    add("elsewhere", space, seed, elsewhere(space, asked.folder, seed))
                run = stored()["elsewhere"][space][str(seed)]
                if "longer" not in run:
                    more = longer(space, asked.folder, seed, run)
                    add("elsewhere", space, seed, {**run, "longer": more})
        return
    known = truth(asked.shared)
    store("space", None, about(known))
    if asked.part == "recipe":
        for seed in asked.seeds:
            if str(seed) not in stored().get("recipe", {}):
                found = recipe(asked.folder, known.whole, seed, asked.ranked)
                seen = {str(one["index"]) for one in found["candidates"]} | set(found.get("tops", {}))
                for part, of in (("truths", known.whole), ("short", known.short)):
                    told = {index: float(of[int(index)]) for index in sorted(seen)}
                    store(part, None, stored().get(part, {}) | told)
                store("recipe", str(seed), found)
        return
    data = gapless.data.get(f"folder:{asked.folder}")
    for seed in asked.seeds:
        for name in asked.only:
            if str(seed) not in stored().get("variants", {}).get(name, {}):
                add("variants", name, seed, variant(name, data, known.whole, seed))


def stored() -> Results:
    return json.loads(STORED.read_text()) if STORED.exists() else {}


def add(part: str, name: str, seed: int, run: Results) -> None:
    """Keeps the result of one seed beside those of the others."""
    store(part, name, {**stored().get(part, {}).get(name, {}), str(seed): run})


def store(part: str, name: str | None, value: Any) -> None:
    """Keeps one result, or a whole part; another process may have written meanwhile."""
    found = stored()
    if name is None:
        found[part] = value
    else:
        found.setdefault(part, {})[name] = value
    with beside(STORED) as path:
        path.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
