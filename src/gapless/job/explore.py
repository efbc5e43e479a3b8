"""An exploration from its first check to its report."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gapless.core import Arch
from gapless.core.errors import BadRunFolder, Interrupted
from gapless.core.files import quoted
from gapless.core.record import Record
from gapless.engine.folder import RunFolder, refusing_disk_errors
from gapless.job.decoded import decoded
from gapless.job.environment import environment
from gapless.job.exploration import Exploration, Terrain, resolved
from gapless.job.interrupt import Stopper, listening
from gapless.job.limits import refusing_memory_errors
from gapless.job.request import moved
from gapless.job.show import Quiet, Show
from gapless.study.loop import proposed
from gapless.study.trials import Trials

KIND = "explore"
WAIT = 0.2
EVERY = 10.0
SHOWN = 2000


@dataclass(frozen=True)
class Explored:
    """What an exploration has to show.

    Args:
        terrain: what was asked.
        folder: where everything lies.
    """

    terrain: Terrain
    folder: RunFolder

    @property
    def path(self) -> Path:
        return self.folder.path

    @property
    def records(self) -> list[Record]:
        """All that was scored, in the order in which it was asked for."""
        return trials(self.terrain, self.folder).scored()

    @property
    def arch(self) -> Arch:
        """The best so far.

        Raises:
            BadRunFolder: nothing was scored yet.
        """
        return Arch.from_json(self.folder.read_json("architecture.json"))

    @property
    def findings(self) -> dict[str, Any]:
        """As in ``findings.json``."""
        found: dict[str, Any] = self.folder.read_json("findings.json")
        return found

    @property
    def score(self) -> float:
        """Accuracy of the best so far as the exploration saw it, in [0, 1]."""
        return float(self.findings["best"]["accuracy"])


def begin(terrain: Terrain, path: str | os.PathLike[str], show: Show | None = None) -> RunFolder:
    """The run folder: a new one, for which all images were read, or that of the same exploration, which is
    joined.

    A folder that is joined may be given another number of trials; the largest holds.

    Raises:
        BadRunFolder: the place holds something else, or cannot be written.
        BadData: a damaged image.
    """
    header = {
        "kind": KIND,
        "request": terrain.request.to_json(),
        "fingerprint": terrain.fingerprint,
        "command": terrain.request.command(str(path)),
        "environment": environment(terrain.device),
    }
    if not RunFolder.holds(path):
        try:
            RunFolder.vacant(path)
            if terrain.trains:
                decoded(terrain.data, show or Quiet())
            return RunFolder.create(path, header)
        except BadRunFolder:
            time.sleep(WAIT)  # perhaps somebody else makes the same one at this very moment
            if not RunFolder.holds(path):
                raise
    folder = RunFolder.open(path)
    there = folder.read_object("run.json", request=dict, environment=dict)
    if there.get("kind") != KIND or there.get("fingerprint") != terrain.fingerprint:
        raise BadRunFolder(
            expected=f"a new folder at '{path}', or one of the same exploration",
            got="that of another one" if there.get("kind") == KIND else "one that holds a search",
            do="give --run another name, or ask for the same",
        )
    if there["request"]["trials"] < terrain.request.trials:
        folder.write_json("run.json", {**there, **header, "environment": there["environment"]})
    return folder


def reopened(
    path: str | os.PathLike[str], root: str | None = None, place: str | None = None, **objects: Any
) -> tuple[Terrain, RunFolder]:
    """What was asked in a folder.

    Args:
        root: where data sets lie now; None for where they lay.
        place: ``folder:PATH`` where a folder of images was moved.
        objects: ``space``, ``explorer``, ``evaluator`` and ``data``, where they were given as objects.

    Raises:
        BadRunFolder: it holds no exploration, or what that needs has changed since.
    """
    folder = RunFolder.open(path)
    header = folder.read_object("run.json", command=str, environment=dict)
    request = moved(Exploration.from_json(header.get("request")), place)
    for name in ("space", "explorer", "evaluator", "data"):
        if getattr(request, name) == "object" and objects.get(name) is None:
            raise BadRunFolder(
                expected=f"the {name} that this run was given as a Python object",
                got="none",
                do=f"continue it from Python: gapless.resume({str(path)!r}, {name}=...)",
            )
    terrain = resolved(request if root is None else replace(request, root=root), **objects)
    if terrain.fingerprint != header.get("fingerprint"):
        raise BadRunFolder(
            expected=f"the space, explorer and settings that '{path}' was begun with, and what it reads",
            got="others: data, table, super-network or this version's defaults have changed since",
            do="restore them, or start a new run in another folder",
        )
    return terrain, folder


def explores(path: str | os.PathLike[str]) -> bool:
    """Whether a run folder holds an exploration.

    Raises:
        BadRunFolder: no run there.
    """
    return bool(RunFolder.open(path).read_json("run.json").get("kind") == KIND)


def trials(terrain: Terrain, folder: RunFolder) -> Trials:
    """Those of a folder.

    Raises:
        BadValue: their storage cannot be opened.
        BadRunFolder: the folder cannot be written, or the journal in it is damaged.
    """
    name = f"{terrain.space.name} {terrain.request.explorer} {terrain.fingerprint}"
    with refusing_disk_errors(folder.path):
        return Trials(
            folder.path,
            terrain.space.choices,
            terrain.objectives,
            name,
            terrain.request.storage,
            terrain.space.text,
        )


def carried_out(
    terrain: Terrain, folder: RunFolder, show: Show | None = None, workers: int | None = None
) -> Explored:
    """Scores what is missing, together with whoever else works on the folder.

    Args:
        workers: processes that score, this one included; as many as were asked for where None.

    Raises:
        Interrupted: Ctrl-C; all that was scored is kept and what was being scored is taken up again.
        BadValue: what the explorer or the evaluator refuses; there is not enough memory.
        BadRunFolder: the folder cannot be written.
    """
    number = terrain.request.workers if workers is None else workers
    with ExitStack() as stack:
        stack.enter_context(refusing_memory_errors())
        stack.enter_context(refusing_disk_errors(folder.path))
        stopper = stack.enter_context(listening(terrain.stopper))
        stack.enter_context(_helpers(folder, terrain.request, number - 1))
        done = trials(terrain, folder)
        stack.enter_context(done.working())
        Shift(terrain, folder, done, stopper).work(show or Quiet())
    return Explored(terrain, folder)


@dataclass
class Shift:
    """One worker at work."""

    terrain: Terrain
    folder: RunFolder
    trials: Trials
    stopper: Stopper

    def work(self, show: Show) -> None:
        """Until there are as many trials as were asked for and all of them are scored."""
        most, last = self.terrain.request.trials, time.monotonic()
        before = len(self.trials.scored())
        with show.track("exploring", most, before) as advance:
            while True:
                try:
                    active = self._step(most)
                except Interrupted:
                    self.stopper.asked, active = True, True
                if self.stopper.asked:
                    written(self.terrain, self.folder, self.trials)
                    raise Interrupted(self._so_far())
                if active or time.monotonic() - last >= EVERY:
                    records = self.trials.scored()
                    advance(_note(records, measure(self.terrain)), len(records) - before)
                    before = len(records)
                if time.monotonic() - last >= EVERY:
                    written(self.terrain, self.folder, self.trials)
                    last = time.monotonic()
                if not active:
                    if not self.trials.unfinished():
                        break
                    time.sleep(WAIT)
        written(self.terrain, self.folder, self.trials)

    def _step(self, most: int) -> bool:
        """Takes and scores some; False where there are none to take."""
        evaluator = self.terrain.evaluator
        if getattr(evaluator, "instant", False):
            return self.trials.at_once(evaluator.together, most, self._propose, evaluator) > 0
        taken = self.trials.take(evaluator.together, most, self._propose)
        if taken:
            records = evaluator([arch for _, arch in taken])
            self.trials.tell({number: record for (number, _), record in zip(taken, records, strict=True)})
        return bool(taken)

    def _propose(self, history: Sequence[Record], n: int) -> list[Arch]:
        terrain = self.terrain
        return proposed(terrain.explorer, terrain.space.choices, terrain.streams, history, n)

    def _so_far(self) -> str:
        records = self.trials.scored()
        again = f"gapless resume {quoted(self.folder.path)}"
        where = f"stopped after {len(records)} trials; continue with: {again}"
        found = best(records)
        if found is None:
            return f"{where}; no architecture is known yet"
        text = self.terrain.space.text(found.arch)
        return f"{where}; best so far: {text} ({spoken(found.metrics, measure(self.terrain))})"


def best(records: Sequence[Record]) -> Record | None:
    """The most accurate, with fewer MACs of two equally accurate ones; None where nothing is known."""
    finite = [record for record in records if math.isfinite(record.metrics["accuracy"])]
    return max(finite, key=lambda r: (r.metrics["accuracy"], -r.cost.get("macs", 0.0)), default=None)


def written(terrain: Terrain, folder: RunFolder, done: Trials) -> None:
    """Writes ``architecture.json``, ``findings.json`` and ``report.html`` from the trials."""
    from gapless.report import write

    records, left = done.scored(), done.unfinished()
    found = findings(terrain, records, folder.read_json("run.json"), finished=not left)
    if "architecture" in found:
        folder.write_json("architecture.json", found["architecture"]["json"])
    folder.write_json("findings.json", found)
    write(folder.path)


def findings(
    terrain: Terrain, records: Sequence[Record], header: dict[str, Any], finished: bool = True
) -> dict[str, Any]:
    """One JSON value; what is not known yet is absent."""
    request, space = terrain.request, terrain.space
    whole = len(records) >= min(request.trials, space.size())
    found: dict[str, Any] = {
        "version": 1, "kind": KIND, "finished": finished and whole,
        "question": {
            "space": space.name, "explorer": request.explorer, "evaluator": request.evaluator,
            "trials": request.trials, "seed": request.seed, "limits": list(request.limits),
            "sentence": f"Which of the {space.size():,} architectures of space '{space.name}' does "
            f"'{request.explorer}' find within {request.trials:,} evaluations by "
            f"'{request.evaluator.split(':')[0]}'?",
        },
        "command": header["command"], "environment": header["environment"], "trials": len(records),
        "seconds": sum(record.seconds for record in records),
        **({"measure": name} if (name := measure(terrain)) else {}),
        "failed": sum(not math.isfinite(record.metrics["accuracy"]) for record in records),
    }  # fmt: skip
    top = best(records)
    if top is None:
        return found
    found["architecture"] = {"text": space.text(top.arch), "key": top.arch.key, "json": top.arch.to_json()}
    found["drawing"] = {"panels": space.drawing(top.arch)}
    found["best"] = {**_told(top.metrics), "cost": _told(top.cost)}
    found["curve"] = _curve(records, name or "accuracy")
    found["candidates"] = [_row(number, record, top) for number, record in _thinned(records)]
    return found


def _curve(records: Sequence[Record], name: str) -> list[list[float]]:
    """Number of evaluations and score of the best so far, wherever it rises."""
    curve: list[list[float]] = []
    for number, record in enumerate(records, 1):
        score = record.metrics[name]
        if math.isfinite(score) and (not curve or score > curve[-1][1]):
            curve.append([number, score])
    return curve


def _thinned(records: Sequence[Record]) -> list[tuple[int, Record]]:
    """At most so many as a page shows: the best, and of the others every so many."""
    finite = [(i, r) for i, r in enumerate(records, 1) if math.isfinite(r.metrics["accuracy"])]
    if len(finite) <= SHOWN:
        return finite
    ordered = sorted(finite, key=lambda pair: (-pair[1].metrics["accuracy"], pair[0]))
    rest = ordered[SHOWN // 2 :]
    return sorted([*ordered[: SHOWN // 2], *rest[:: -(-len(rest) // (SHOWN // 2))]], key=lambda pair: pair[0])


def _row(number: int, record: Record, top: Record) -> dict[str, Any]:
    shown = {"parameters": "params"}  # as everywhere in findings
    costs = {shown.get(name, name): value for name, value in record.cost.items()}
    told = {"number": number, "key": record.arch.key, "chosen": record.arch == top.arch}
    return {**told, **_told(record.metrics), **_told(costs)}


def _told(values: Mapping[str, float]) -> dict[str, float | None]:
    """As JSON can say it: null for what is not finite."""
    return {name: value if math.isfinite(value) else None for name, value in values.items()}


def _note(records: Sequence[Record], name: str | None) -> str:
    found = best(records)
    return "" if found is None else f"best {spoken(found.metrics, name)}"


def measure(terrain: Terrain) -> str | None:
    """The metric that accuracies stand for; None where they are accuracies."""
    return getattr(terrain.evaluator, "measure", None)


def spoken(metrics: Mapping[str, Any], name: str | None) -> str:
    """How good the best is, in words: an accuracy, or the score that stands behind it."""
    if name is None or name not in metrics:
        return f"{100 * metrics['accuracy']:.2f} %"
    return f"{name} {metrics[name]:.6g}" if metrics[name] is not None else f"{name} not finite"


@contextmanager
def _helpers(folder: RunFolder, request: Exploration, number: int) -> Iterator[None]:
    """Within, so many further processes work on the folder; they go when this one goes."""
    words = [sys.executable, "-m", "gapless.job.explorer", str(folder.path), request.root or ""]
    words += [] if request.place is None else [f"folder:{request.place}"]
    made = [
        subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True)
        for _ in range(number)
    ]
    try:
        yield
    except BaseException:
        for process in made:
            process.terminate()
        raise
    finally:
        for process in made:
            process.wait()
            with suppress(BrokenPipeError):
                process.stdin.close()  # type: ignore[union-attr]
