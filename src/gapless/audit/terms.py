"""The terms of the gap, judged from what an audit measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from gapless.audit.counts import counts
from gapless.audit.landscape import landscape
from gapless.audit.noise import noise
from gapless.audit.ranking import agreement

Records = Mapping[str, Any]
SCORES = ("recalibrated", "kept", "judged")


def judged(
    measured: Records, alone: Mapping[str, Sequence[float]], deployed: Mapping[str, Sequence[float]]
) -> dict[str, Any]:
    """One JSON value; a term that was not measured is absent.

    Args:
        measured: by name: ``line``, ``free``, ``sample``, ``recalibrated``, ``kept``, ``walks``, ``onward``,
            ``mathematical``, as `gapless.measure` gives them, or ``missing`` with the reason; ``judged``,
            what the method itself thinks of the sample; ``truth``, the accuracies of a table that shared
            weights are held against in the place of ``alone``.
        alone: accuracies of the sampled sub-networks trained alone in the search's shape, by key and seed.
        deployed: likewise in the deployment's shape.
    """
    found: dict[str, Any] = {}
    if "mathematical" in measured:
        found["mathematical"] = measured["mathematical"]
    if "onward" in measured:
        one = measured["onward"]
        before, after = one["before"], one["after"]
        found["suboptima"] = {
            "epochs": one["epochs"], "before": before, "after": after,
            "gain": after["accuracy"] - before["accuracy"], "loss": before["loss"] - after["loss"],
        }  # fmt: skip
    if "free" in measured:
        survivors = measured["free"]["survivors"]
        share = measured["free"]["free"] / survivors if survivors else None
        found["free"] = {**measured["free"], "share": share}
        if measured["free"].get("trained"):
            found["counts"] = counts(measured["free"]["trained"])
    if "line" in measured:
        found["line"] = measured["line"]
    found |= _ranked(measured, alone, deployed)
    if any(len(scores) > 1 for scores in alone.values()):
        found["noise"] = noise(alone)
    if "walks" in measured:
        found["landscape"] = _smooth(measured["walks"], measured.get("neighbours", {}))
    if "neighbours" in measured:
        found["neighbours"] = {k: v for k, v in measured["neighbours"].items() if k != "seconds"}
    return found


def _ranked(
    measured: Records, alone: Mapping[str, Sequence[float]], deployed: Mapping[str, Sequence[float]]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    known = alone
    if "truth" in measured:
        known = {key: [accuracy] for key, accuracy in measured["truth"]["accuracies"].items()}
    sample = measured.get("sample", {}).get("archs", [])
    trained = [one for one in sample if known.get(one["key"])]
    by_score = {
        name: {one["key"]: one["accuracy"] for one in measured[name]["scores"]}
        for name in SCORES
        if measured.get(name, {}).get("scores")
    }
    rows = [row for row in trained if all(row["key"] in scores for scores in by_score.values())]
    truths = [fmean(known[row["key"]]) for row in rows]
    costs = {name: [float(row[name]) for row in rows] for name in ("macs", "params")}
    scatter = [
        {"key": row["key"], "macs": row["macs"], "params": row["params"], "alone": truth}
        for row, truth in zip(rows, truths, strict=True)
    ]
    for name, scores in by_score.items():
        if len(rows) > 1:
            shared = [scores[row["key"]] for row in rows]
            found.setdefault("ranking", {"n": len(rows)})[name] = agreement(shared, truths, costs)
            for point, score in zip(scatter, shared, strict=True):
                point[name] = score
    if "ranking" in found:
        found["ranking"]["points"] = scatter
        if "truth" in measured:
            found["ranking"]["truth"] = measured["truth"]["of"]
    elif "missing" in measured.get("recalibrated", {}):
        found["ranking"] = {"missing": measured["recalibrated"]["missing"]}
    both = [row for row in sample if alone.get(row["key"]) and deployed.get(row["key"])]
    if len(both) > 1:
        here, there = ([fmean(of[row["key"]]) for row in both] for of in (alone, deployed))
        found["deployment"] = agreement(here, there)
    return found


def _smooth(walks: Records, neighbours: Records) -> dict[str, Any]:
    if "missing" in walks:
        return {"missing": walks["missing"]}
    changes: dict[str, list[float]] = {}
    for scores, edits in zip(walks["walks"], walks["edits"], strict=True):
        for i, edit in enumerate(edits):
            changes.setdefault(edit, []).append(scores[i + 1] - scores[i])
    around = [(one["accuracy"], one["neighbours"]) for one in neighbours.get("around", [])]
    return landscape(walks["walks"], walks["codes"], walks["scores"], around, changes)
