"""Findings: everything a report shows, assembled from what a job stored."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from gapless.audit.baseline import spread, verdict
from gapless.audit.chain import chain, steps
from gapless.audit.checklist import CITATION, checklist
from gapless.audit.random_search import judged as random_search
from gapless.audit.terms import judged
from gapless.core import Arch
from gapless.engine.recipe import Recipe
from gapless.job.between import deployment
from gapless.job.describe import cited_as, method
from gapless.job.gap import PLACE
from gapless.job.plan import Plan


def findings(plan: Plan, measured: Mapping[str, Any], header: Mapping[str, Any]) -> dict[str, Any]:
    """One JSON value; blocks that were not measured are absent. ``header`` is ``run.json``."""
    request = plan.request
    found: dict[str, Any] = {
        "version": 1,
        "finished": "done" in measured,
        "question": {
            "space": plan.space.name, "data": plan.data.name, "method": plan.recipe.name,
            "preset": request.preset, "seed": request.seed, "images": plan.data.fingerprint[:16],
            "sentence": _sentence(plan), **_form(plan),
        },
        "command": header["command"],
        "environment": header["environment"],
        "method": method(plan.recipe),
        "citations": [*citations(plan.recipe), CITATION],
    }  # fmt: skip
    if "arch" in measured:
        arch = Arch.from_json(measured["arch"]["arch"])
        text, drawing = plan.space.text(arch), {"panels": plan.space.drawing(arch)}
        found["architecture"] = {"text": text, "key": arch.key, "json": arch.to_json()}
        found["drawing"] = drawing
        found |= _judged(plan, arch, measured)
        found |= _gap(plan, arch, measured)
    if measured.get("left_out"):
        found["left_out"] = dict(measured["left_out"])
    found["checklist"] = checklist(found)
    for block in ("candidates", "export"):
        if measured.get(block):
            found[block] = measured[block]
    return found


def _form(plan: Plan) -> dict[str, str]:
    """What tells a space of somebody's own from another of that name."""
    form = getattr(plan.space, "form", None)
    if form is None:
        return {}
    shapes = f"{plan.preset.search}{plan.preset.deploy}"
    return {"form": hashlib.sha256(f"{form}{shapes}".encode()).hexdigest()[:8]}


def _judged(plan: Plan, arch: Arch, measured: Mapping[str, Any]) -> dict[str, Any]:
    judged: dict[str, Any] = {}
    deployed = trainings(measured, "deploy", arch)
    alone = trainings(measured, "search", arch)
    rungs: dict[str, Any] = {name: measured[name] for name in ("a0", "a1", "a2") if name in measured}
    if alone:
        rungs["a3"] = alone[0]["audit"]
    if deployed:
        rungs["a4"] = deployed[0]["audit"]
    if rungs:
        built = chain(rungs, mixed=plan.recipe.stages[-1].relax is not None)
        judged["chain"] = [rung.to_json() for rung in built]
        judged["gap"] = [{"term": term, "size": size} for term, size in steps(built)]
    cost = {"search_seconds": measured["arch"]["seconds"]}
    if deployed:
        judged["accuracy"] = {part: _accuracy([r[part] for r in deployed]) for part in ("test", "audit")}
        cost |= {"params": deployed[0]["params"], "macs": deployed[0]["macs"]}
        cost["retrain_seconds"] = sum(r["seconds"] for r in deployed)
    others = baseline(measured)
    if others and deployed:
        values = [r["test"]["accuracy"] for r in others]
        mean, sd = spread(values)
        judgement = verdict([r["test"]["accuracy"] for r in deployed], values)
        judged["baseline"] = {
            "archs": [_row(plan, r) for r in others], "mean": mean, "sd": sd, "n": len(others),
            "verdict": judgement.sentence, "p": judgement.p,
        }  # fmt: skip
        cost["baseline_seconds"] = sum(r["seconds"] for r in others)
    if "peak_mb" in measured:
        cost["peak_mb"] = measured["peak_mb"]
    return judged | {"cost": cost}


def _gap(plan: Plan, arch: Arch, measured: Mapping[str, Any]) -> dict[str, Any]:
    """The terms of the gap that were measured, and the search beside random search at equal cost."""
    there = {name.removeprefix(PLACE): value for name, value in measured.items() if name.startswith(PLACE)}
    found: dict[str, Any] = {}
    if there:
        sample = [Arch.from_json(one["arch"]) for one in there.get("sample", {}).get("archs", [])]
        alone, deployed = (
            {a.key: [r["audit"]["accuracy"] for r in trainings(measured, role, a)] for a in sample}
            for role in ("rank", "rank-deploy")
        )
        found["audit"] = judged(there, alone, deployed)
    if (between := deployment(plan, arch, measured)) is not None:
        found["deployment"] = between
    others, mine = baseline(measured), trainings(measured, "deploy", arch)
    if others and mine:
        trained = [(r["audit"]["accuracy"], r["test"]["accuracy"]) for r in others]
        search, *each = paid([measured["arch"], *others])
        tests = [r["test"]["accuracy"] for r in mine]
        verdict = random_search(tests, trained, search, fmean(each))
        found["verdict"] = dataclasses.asdict(verdict) if verdict else None
    return found


def trainings(measured: Mapping[str, Any], role: str, arch: Arch) -> list[dict[str, Any]]:
    """Stored trainings of one architecture in one shape, by seed."""
    start = f"{role}-{arch.key}-"
    found = [record for name, record in measured.items() if name.startswith(start)]
    return sorted(found, key=lambda record: int(record["seed"]))


def baseline(measured: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Stored trainings of the baseline's random architectures, in the order in which they were drawn."""
    return [measured[name] for name in measured.get("baseline", []) if name in measured]


def paid(records: Sequence[Mapping[str, Any]]) -> list[float]:
    """What each took of the machine: seconds times threads, so that what ran at once compares with what had
    the machine for itself.

    Seconds alone where not all of them have their threads, as in folders of before.
    """
    known = all("threads" in record for record in records)
    return [record["seconds"] * (record["threads"] if known else 1) for record in records]


def _row(plan: Plan, record: Mapping[str, Any]) -> dict[str, Any]:
    arch = Arch.from_json(record["arch"])
    accuracy = record["test"]["accuracy"]
    return {
        "text": plan.space.text(arch), "key": arch.key, "accuracy": accuracy,
        "params": record["params"], "macs": record["macs"],
    }  # fmt: skip


def _accuracy(scores: list[dict[str, Any]]) -> dict[str, Any]:
    values = [score["accuracy"] for score in scores]
    mean, sd = spread(values)
    return {"values": values, "mean": mean, "sd": sd, "n_images": scores[0]["n"]}


def _sentence(plan: Plan) -> str:
    shape = plan.data.shape
    return (
        f"Which of the {plan.space.size():,} architectures of space '{plan.space.name}' classifies "
        f"'{plan.data.name}' ({shape.classes} classes, "
        f"{shape.channels}x{shape.height}x{shape.width} images) best, "
        f"as method '{plan.recipe.name}' sees it?"
    )


def citations(recipe: Recipe) -> list[dict[str, str]]:
    """BibTeX of the method, for exactly what ran."""
    if recipe.reference is None:
        return []
    key = cited_as(recipe, recipe.reference)
    return [{"key": key, "bibtex": recipe.reference.bibtex(key)}]
