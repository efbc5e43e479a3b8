"""Ablation: a method, each change of one part, and all changes together, with the same seeds.

The same seed means the same split, the same batches in the same order and the same first weights, as far as
a change leaves them: another batch size or pooled data are other batches.
"""

from __future__ import annotations

import hashlib
import shlex
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from gapless.audit import ablation as tabled
from gapless.core import Arch, Space
from gapless.core.errors import BadRunFolder, BadValue, Interrupted
from gapless.engine.folder import RunFolder, refusing_disk_errors
from gapless.job.job import begin, carried_out, reopened
from gapless.job.plan import Plan, plan
from gapless.job.request import MOST, Request, pairs
from gapless.job.show import Advance, Show
from gapless.parts.mask.skip_limit import skips_of

FILE = tabled.FILE


@dataclass(frozen=True)
class Ablation:
    """What is asked.

    Args:
        base: the search of the unchanged method with the first seed.
        changes: ``--set`` pairs, each tried alone and, where each changes something else, all together.
        seeds: searches of each variant, with seeds one after the other.

    Raises:
        BadValue: no change, one that is given twice, or fewer than one seed.
    """

    base: Request
    changes: tuple[tuple[str, str], ...]
    seeds: int = 3

    def __post_init__(self) -> None:
        if not self.changes or len(set(self.changes)) < len(self.changes):
            raise BadValue(
                expected="--parts part=name,part=name with at least 1 change, each once",
                got=",".join(map("=".join, self.changes)) or "none",
                do="e.g. --parts relax=edge-product,partial=2",
            )
        if not 1 <= self.seeds <= MOST:
            raise BadValue(expected="--seeds of at least 1", got=f"{self.seeds}", do="raise --seeds")

    def variants(self) -> dict[str, Request]:
        """The search of each variant with the first seed."""
        found = {tabled.BASE: self.base}
        found |= {"=".join(change): self._with(change) for change in self.changes}
        if len({key for key, _ in self.changes}) == len(self.changes) > 1:
            found["all"] = self._with(*self.changes)
        return found

    def _with(self, *changes: tuple[str, str]) -> Request:
        return replace(self.base, sets=(*self.base.sets, *changes))

    def place(self, variant: str, seed: int) -> str:
        """Folder of a search inside that of the ablation."""
        if variant == "all":
            text = "\n".join(map("=".join, self.changes))
            variant = f"all-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
        return f"{quote(variant, safe='=+,()')}/seed-{seed}"

    def command(self, path: str) -> str:
        """The command line that asks for exactly this."""
        base = self.base
        words = ["gapless", "ablate", "--base", base.method, "--parts", ",".join(map("=".join, self.changes))]
        words += ["--space", base.space, "--data", base.data, "--run", path, "--seeds", str(self.seeds)]
        words += ["--seed", str(base.seed), "--preset", base.preset, "--device", base.device]
        words += ["--epochs", str(base.epochs)] if base.epochs is not None else []
        words += ["--root", base.root] if base.root is not None else []
        return shlex.join([*words, *(word for pair in base.sets for word in ("--set", "=".join(pair)))])


def parsed(text: str) -> tuple[tuple[str, str], ...]:
    """``part=name,part=name`` as pairs.

    Raises:
        BadValue: a word without ``=``.
    """
    words = [word for word in text.split(",") if word.strip()]
    if any(not all(side.strip() for side in word.split("=", 1)) or "=" not in word for word in words):
        raise BadValue(
            expected="--parts part=name,part=name", got=f"'{text}'", do="e.g. --parts relax=edge-product"
        )
    return pairs(words)


def ablate(asked: Ablation, path: str, show: Show) -> dict[str, Any]:
    """Does every search that the folder does not hold yet, and returns what ``ablation.json`` then holds.

    Raises:
        UnknownName, BadValue, Incompatible: a variant cannot be run; nothing was computed.
        BadRunFolder: the folder holds something else, or is in use.
        Interrupted: Ctrl-C; every search is stored up to its last whole step, and the table of what is done.
    """
    variants = asked.variants()
    for request in variants.values():
        plan(request).buildable()
    if not RunFolder.holds(path, FILE):
        RunFolder.vacant(path)
        with refusing_disk_errors(Path(path)):
            Path(path).mkdir(parents=True, exist_ok=True)
    folder = RunFolder(Path(path))
    todo = [(v, replace(r, seed=r.seed + i)) for i in range(asked.seeds) for v, r in variants.items()]
    searches: list[dict[str, Any]] = []
    with folder.locked():
        if (folder / FILE).exists():  # of the same base, whatever its changes and seeds are
            there = Request.from_json(folder.read_json(FILE).get("request"))
            _same(replace(there, seed=asked.base.seed), asked.base, "table", folder / FILE)
        for variant, request in todo:
            place = folder / asked.place(variant, request.seed)
            if (place / "run.json").exists():
                there = RunFolder.open(place).read_json("run.json").get("request")
                _same(Request.from_json(there), request, "search", place)
        found = _written(folder, asked, searches)
        for variant, request in todo:
            place = folder / asked.place(variant, request.seed)
            try:
                labelled = _Labelled(show, f"{variant}, seed {request.seed}:")
                planned, run = _opened(request, place, labelled)
                if "done" not in _measured(run):
                    carried_out(planned, run, labelled)
            except Interrupted as stop:
                raise Interrupted(
                    f"stopped with {len(searches)} of {len(todo)} searches done; "
                    f"continue with: {asked.command(path)}"
                ) from stop
            searches.append(_row(variant, planned, run, place.relative_to(folder.path)))
            found = _written(folder, asked, searches)
    return found


def _opened(request: Request, place: Path, show: Show) -> tuple[Plan, RunFolder]:
    """The search at this place, begun where it was not."""
    if not (place / "run.json").exists():
        planned = plan(request)
        return planned, begin(planned, place, show)
    now = None if request.place is None else f"folder:{request.place}"
    return reopened(place, root=request.root, place=now)


def _same(there: Request, request: Request, what: str, place: Path) -> None:
    """Raises:
    BadRunFolder: another request is there, wherever data lie and on whatever device.
    """
    if replace(there, root=request.root, device=request.device, place=request.place) != request:
        raise BadRunFolder(
            expected=f"the {what} of this very ablation in '{place}'",
            got="another one: other data, epochs or settings",
            do="give --run another name",
        )


def _measured(run: RunFolder) -> dict[str, Any]:
    return run.read_object("measured.json") if RunFolder.holds(run.path, "measured.json") else {}


def _row(variant: str, planned: Plan, run: RunFolder, place: Path) -> dict[str, Any]:
    measured = _measured(run)
    arch = Arch.from_json(measured["arch"]["arch"])
    rungs = {name: float(measured[name]["accuracy"]) for name in ("a0", "a1", "a2")}
    return {
        "variant": variant, "seed": planned.request.seed, **rungs, "drop": rungs["a0"] - rungs["a1"],
        "skips": skips(planned.space.choices, arch), "architecture": planned.space.text(arch),
        "run": place.as_posix(),
    }  # fmt: skip


def skips(choices: Space, arch: Arch) -> int:
    """How many operations of an architecture are skip connections."""
    return sum(len(skips_of(arch, group)) for group in choices.groups())


def _written(folder: RunFolder, asked: Ablation, searches: list[dict[str, Any]]) -> dict[str, Any]:
    found = {
        "format": "gapless.ablation", "version": 1, "command": asked.command(str(folder.path)),
        "request": asked.base.to_json(), "changes": ["=".join(change) for change in asked.changes],
        "columns": dict(tabled.COLUMNS), "table": tabled.table(searches), "searches": list(searches),
    }  # fmt: skip
    folder.write_json(FILE, found)
    return found


@dataclass(frozen=True)
class _Labelled:
    """Says of which search it tells."""

    show: Show
    label: str

    def track(self, title: str, total: int, done: int = 0) -> AbstractContextManager[Advance]:
        return self.show.track(f"{self.label} {title}", total, done)

    def say(self, line: str) -> None:
        self.show.say(f"{self.label} {line}")
