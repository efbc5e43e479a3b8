"""Run folders side by side: grouped by what was searched with, compared over seeds."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gapless.audit.ablation import FILE as ABLATION
from gapless.audit.checklist import checklist
from gapless.audit.claim import sentence
from gapless.audit.comparison import Search, comparison
from gapless.audit.measures import MEASURES, at, numbers
from gapless.core import Arch
from gapless.core.errors import BadRunFolder, BadValue
from gapless.core.files import quoted
from gapless.engine.folder import RunFolder
from gapless.job.request import Request, pairs

VERSION = 1
SAME = ("gapless", "torch", "device")
"""What of the environment may change numbers."""
BARE = re.compile(r"(\d+:)?(skip\w*|identity|none|zero|zeroize|\w*pool\w*)", re.IGNORECASE)
"""Names of operations without parameters."""


@dataclass(frozen=True)
class Side:
    """A run folder that holds findings."""

    path: Path
    request: Request
    found: Mapping[str, Any]

    @property
    def settings(self) -> dict[str, str]:
        """All that its variant depends on, by name, the data left out."""
        question = self.found.get("question") or {}
        epochs, recipe = at("method", "epochs")(self.found), at("method", "fingerprint")(self.found)
        limits = {f"max {name}": most for name, most in pairs(list(self.request.limits))}
        sets = dict(self.request.sets) | limits
        space = [str(question.get("space", self.request.space)), str(question.get("form") or "")]
        return {
            "space": " ".join(filter(None, space)),
            "method": str(question.get("method", self.request.method)),
            "preset": self.request.preset,
            "epochs": str(sum(epochs) if isinstance(epochs, list) else self.request.epochs or "default"),
            **{name: sets[name] for name in sorted(sets) if not name.startswith("data.")},
            "recipe": str(recipe or ""),
        }

    @property
    def data(self) -> str:
        """Name of the data, and how much of them was taken."""
        sets = sorted(f"{k}={v}" for k, v in dict(self.request.sets).items() if k.startswith("data."))
        name = str((self.found.get("question") or {}).get("data", self.request.data))
        return ", ".join([name, *sets])

    @property
    def images(self) -> str:
        """Fingerprint of the images; empty where the run was done before there was one."""
        return str((self.found.get("question") or {}).get("images") or "")

    def search(self, variant: str, data: str) -> Search:
        """What is judged of it.

        Raises:
            BadRunFolder: the findings hold no architecture that can be read.
        """
        try:
            value = at("architecture", "json")(self.found)
            arch = None if value is None else Arch.from_json(value)
        except BadValue as error:
            raise _damaged(self.path, str(error)) from error
        test, others = at("accuracy", "test", "mean")(self.found), at("baseline", "archs")(self.found)
        rows = others if isinstance(others, list) else []
        return Search(
            variant, self.request.seed, data, numbers(self.found), arch,
            float(test) if isinstance(test, int | float) else None,
            tuple(float(row["accuracy"]) for row in rows if isinstance(row, Mapping) and "accuracy" in row),
            free(self.found),
        )  # fmt: skip


def compare(paths: Sequence[str | os.PathLike[str]]) -> dict[str, Any]:
    """Compares finished searches, each in its run folder; an ablation's folder stands for all its searches.

    Returns:
        What `gapless.audit.comparison.comparison` gives, and ``runs``, ``measures``, ``left out`` (runs that
        are not compared, and why), ``missing`` (measures that some runs lack, and what measures them),
        ``notes`` and the ``checklist`` as it stands with all runs together.

    Raises:
        BadValue: fewer than two folders.
        BadRunFolder: a folder holds no search, its findings are damaged or of a newer version, or no run has
            found anything yet.
    """
    every = [inner for path in paths for inner in _inside(Path(path))]
    if len(every) < 2:
        raise BadValue(
            expected="two run folders or more to compare",
            got=", ".join(map(str, every)) or "none",
            do="e.g. gapless compare runs/a runs/b",
        )
    sides, left = list[Side](), list[dict[str, str]]()
    for path in every:
        side = opened(path)
        if side is None:
            left.append({"run": str(path), "why": f"not finished; gapless resume {shlex.quote(str(path))}"})
        else:
            sides.append(side)
    if not sides:
        raise BadRunFolder(
            expected="a run folder whose search has ended",
            got=f"{len(left)} that were stopped before",
            do=f"continue the first with 'gapless resume {shlex.quote(str(every[0]))}'",
        )
    data = _data(sides)
    labels = _labels(sides, data)
    taken: dict[tuple[str, int], Side] = {}
    for side, label in zip(sides, labels, strict=True):
        there = taken.setdefault((label, side.request.seed), side)
        if there is not side:
            left.append({"run": str(side.path), "why": f"the same search as {there.path}"})
    searches = [side.search(label, data[side.path]) for (label, _), side in taken.items()]
    found, runs = comparison(searches), list(taken.values())
    for pair in found["pairs"]:
        pair["sentence"] = sentence(pair)
    shown = {name for search in searches for name in search.measures}
    return {
        "format": "gapless.comparison", "version": VERSION,
        "measures": [
            {"name": m.name, "title": m.title, "unit": m.unit, "group": m.group}
            for m in MEASURES if m.name in shown
        ],
        "runs": [
            {
                "run": str(side.path), "variant": search.variant, "seed": search.seed,
                "finished": bool(side.found.get("finished")), "measures": dict(search.measures),
                "architecture": at("architecture", "text")(side.found), "collapsed": search.collapsed,
            }
            for side, search in zip(runs, searches, strict=True)
        ],
        **found,
        "left out": left, "missing": _missing(runs, searches), "notes": _notes(runs, searches),
        "checklist": _checklist(runs, found),
    }  # fmt: skip


def opened(path: Path) -> Side | None:
    """The run in a folder; None where the search has found nothing yet.

    Raises:
        BadRunFolder: no search there, or findings that are damaged or newer.
    """
    folder = RunFolder.open(path)
    header = folder.read_json("run.json")
    if header.get("kind", "search") != "search":
        raise BadRunFolder(
            expected=f"the run folder of a search at '{path}'",
            got=f"that of another command: {header['kind']}",
            do="give folders of gapless search",
        )
    request = Request.from_json(header.get("request"))
    if not RunFolder.holds(folder.path, "findings.json"):
        return None
    found = folder.read_json("findings.json")
    if not isinstance(found, dict):
        raise _damaged(path, type(found).__name__)
    version = found.get("version", VERSION)
    if not isinstance(version, int) or version > VERSION:
        raise BadRunFolder(
            expected=f"findings of version {VERSION} or older in '{path}'",
            got=f"version {version}",
            do="update gapless to the version that wrote them",
        )
    return Side(path, request, found) if "architecture" in found else None


def free(found: Mapping[str, Any]) -> bool | None:
    """Whether every operation of the found architecture has no parameters.

    As an audit counted them, else as its drawing names them: a skip, a pooling or nothing at all. None where
    nothing was counted or drawn, or lines have no names.
    """
    share = at("audit", "free", "share")(found)
    if isinstance(share, int | float):
        return share == 1
    panels = at("drawing", "panels")(found)
    if not panels:
        return None
    edges = [edge for panel in panels for edge in panel.get("edges") or []]
    names = [str(edge["label"]) for edge in edges if edge.get("label")]
    if edges and not names:
        return None
    return all(map(BARE.fullmatch, names))


def _inside(path: Path) -> list[Path]:
    if not RunFolder.holds(path, ABLATION):
        return [path]
    searches = RunFolder(path).read_object(ABLATION, searches=list)["searches"]
    return [path / str(search["run"]) for search in searches]


def _data(sides: Sequence[Side]) -> dict[Path, str]:
    """What each run was judged on; data of one name and different images are told apart."""
    images: dict[str, set[str]] = {}
    for side in sides:
        images.setdefault(side.data, set()).update({side.images} - {""})
    return {
        side.path: f"{side.data} ({side.images[:6]})"
        if side.images and len(images[side.data]) > 1
        else side.data
        for side in sides
    }


def _labels(sides: Sequence[Side], data: Mapping[Path, str]) -> list[str]:
    """The shortest names that tell variants apart: the method, and what differs beside it."""
    everything = [side.settings for side in sides]
    places = {name: {settings[name] for settings in everything} for name in ("space", "preset")}
    labels = []
    for side, settings in zip(sides, everything, strict=True):
        words = [settings["method"]]
        words += [settings[name] for name, values in places.items() if len(values) > 1]
        words += [data[side.path]] if len(set(data.values())) > 1 else []
        alike = [one for one in everything if one["method"] == settings["method"]]
        for name in (*settings, *{key: None for one in alike for key in one if key not in settings}):
            if name in (*places, "method", "recipe") or len({one.get(name) for one in alike}) == 1:
                continue
            if name in settings:
                words.append(f"{name}={settings[name]}")
        labels.append(", ".join(words))
    recipes: dict[str, set[str]] = {}
    for label, settings in zip(labels, everything, strict=True):
        recipes.setdefault(label, set()).add(settings["recipe"])
    return [
        f"{label} (recipe {settings['recipe'][:6]})" if len(recipes[label]) > 1 else label
        for label, settings in zip(labels, everything, strict=True)
    ]


def _missing(runs: Sequence[Side], searches: Sequence[Search]) -> list[dict[str, Any]]:
    """Measures that some runs have and others lack, those of the same runs together."""
    rows: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for measure in MEASURES:
        lacking = tuple(
            str(side.path) for side, s in zip(runs, searches, strict=True) if measure.name not in s.measures
        )
        if lacking and len(lacking) < len(runs):
            do = measure.do.replace("DIR", shlex.quote(lacking[0]))
            rows.setdefault((lacking, do), []).append(measure.name)
    return [{"measures": names, "runs": list(there), "do": do} for (there, do), names in rows.items()]


def _notes(runs: Sequence[Side], searches: Sequence[Search]) -> list[str]:
    """What else differs and may explain a difference."""
    notes = []
    for name in SAME:
        seen = {str(value) for side in runs if (value := at("environment", name)(side.found)) is not None}
        if len(seen) > 1:
            notes.append(f"the runs were not all done with the same {name}: {', '.join(sorted(seen))}")
    epochs = sorted({side.settings["epochs"] for side in runs})
    if len(epochs) > 1:
        notes.append(f"not all variants were searched with for as many epochs: {', '.join(epochs)}")
    if len({len(at("accuracy", "test", "values")(side.found) or ()) for side in runs}) > 1:
        notes.append("what was found was not trained equally often in all runs")
    return notes


def _checklist(runs: Sequence[Side], found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A practice is followed where every run follows it, the runs taken together."""
    together = {
        "searches": min(len(variant["seeds"]) for variant in found["variants"]),
        "variants": [variant["variant"] for variant in found["variants"]],
    }
    each = [checklist({**side.found, "comparison": together}) for side in runs]
    rows = []
    for one in zip(*each, strict=True):
        lacking = [(row, side) for row, side in zip(one, runs, strict=True) if not row["met"]]
        row, side = lacking[0] if lacking else (one[0], runs[0])
        rows.append({**row, "do": row["do"].replace("DIR", shlex.quote(str(side.path)))})
    return rows


def _damaged(path: Path, got: str) -> BadRunFolder:
    return BadRunFolder(
        expected=f"findings written by gapless in '{path}'",
        got=got,
        do=f"run 'gapless audit {quoted(path)}' to write them again",
    )
