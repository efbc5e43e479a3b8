"""Crew: several stand-alone trainings at once, in single-threaded processes.

What a training computes depends on its number of threads, never on how many trainings run at once.
"""

from __future__ import annotations

import json
import os
import pickle
import selectors
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from gapless.core import errors
from gapless.core.errors import GaplessError, Interrupted, Refused
from gapless.job.alone import Errand, Setting

TRIES = 2


class Unfit(Exception):
    """Another process cannot be given what the trainings need; says why."""


@dataclass
class Worker:
    """A running process and what it is at."""

    process: subprocess.Popen[bytes]
    errand: Errand
    steps: int = 0
    rest: bytes = b""
    done: bool = False

    def send(self, message: Any) -> None:
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):  # it is gone, which its end of output says too
            self.process.stdin.write(pickle.dumps(message))
            self.process.stdin.flush()


@dataclass
class Crew:
    """Does errands with a number of worker processes.

    Args:
        setting: what the workers share.
        workers: how many run at once.
        stored: called with each errand and its record as soon as it is there.
        progressed: called with a number of further steps.
        say: called with a line for the user.
        stopping: whether to stop; workers store what they have, then `Interrupted` is raised.
        spared: called with an errand and what its training refused; whether the job can do without it.
    """

    setting: Setting
    workers: int
    stored: Callable[[Errand, dict[str, Any]], None]
    progressed: Callable[[int], None]
    say: Callable[[str], None]
    stopping: Callable[[], bool]
    spared: Callable[[Errand, Refused], bool] = lambda errand, why: False
    running: list[Worker] = field(default_factory=list)
    tries: dict[str, int] = field(default_factory=dict)

    def do(self, errands: Sequence[Errand]) -> None:
        """Raises:
        Interrupted: it was asked to stop.
        Refused: what a training refused that is not spared, in its words.
        GaplessError: a training failed twice; it is named.
        Unfit: workers cannot make the plan, such as one with a module that they cannot import.
        """
        todo = list(errands)
        selector = selectors.DefaultSelector()
        try:
            while todo or self.running:
                while todo and len(self.running) < self.workers:
                    self._start(todo.pop(0), selector)
                for key, _ in selector.select(timeout=0.1):
                    worker: Worker = key.data
                    for kind, value in self._read(worker, selector):
                        self._take(worker, kind, value, todo)
                if self.stopping():
                    raise Interrupted("stopped in a training")
        finally:
            self._end()
            selector.close()

    def _start(self, errand: Errand, selector: selectors.BaseSelector) -> None:
        environment = os.environ | {"OMP_NUM_THREADS": str(self.setting.threads)}
        process = subprocess.Popen(
            [sys.executable, "-m", "gapless.job.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env=environment, start_new_session=True,
        )  # fmt: skip
        worker = Worker(process, errand)
        self.running.append(worker)
        selector.register(process.stdout, selectors.EVENT_READ, worker)  # type: ignore[arg-type]
        worker.send(self.setting)
        worker.send(errand)

    def _read(self, worker: Worker, selector: selectors.BaseSelector) -> list[tuple[str, Any]]:
        """The whole lines that have come; at the end of output, how the process ended."""
        stdout = worker.process.stdout
        assert stdout is not None
        chunk = os.read(stdout.fileno(), 1 << 16)
        *lines, worker.rest = (worker.rest + chunk).split(b"\n")
        found = [tuple(json.loads(line)) for line in lines]
        if not chunk:
            selector.unregister(stdout)
            self.running.remove(worker)
            status = worker.process.wait()
            for stream in (worker.process.stdin, stdout):
                with suppress(BrokenPipeError):
                    stream.close()  # type: ignore[union-attr]
            if not worker.done:
                found.append(("failed", f"its process ended with status {status}"))
        return found

    def _take(self, worker: Worker, kind: str, value: Any, todo: list[Errand]) -> None:
        if kind == "steps":
            self.progressed(value - worker.steps)
            worker.steps = value
            return
        if kind == "unfit":
            raise Unfit(value.strip().splitlines()[0])
        if kind == "record":
            self.stored(worker.errand, value)
        elif kind == "refused":
            why: Refused = getattr(errors, value[0])(**value[1])
            if not self.spared(worker.errand, why):
                raise why
        else:
            self._failed(worker.errand, value.strip().splitlines()[-1])
            todo.insert(0, worker.errand)
        self.progressed(-worker.steps if kind == "failed" else 0)
        worker.steps = 0
        if worker.process.poll() is None and todo:
            worker.errand = todo.pop(0)
            worker.send(worker.errand)
        elif worker.process.poll() is None:
            worker.done = True
            worker.send(None)

    def _failed(self, errand: Errand, why: str) -> None:
        self.tries[errand.name] = self.tries.get(errand.name, 0) + 1
        if self.tries[errand.name] >= TRIES:
            raise GaplessError(f"the training {errand.name} failed {TRIES} times: {why}")
        self.say(f"the training {errand.name} failed ({why}); it is done again from its last checkpoint")

    def _end(self) -> None:
        """Asks what still runs to store and stop, and waits."""
        for worker in self.running:
            worker.process.terminate()
        for worker in self.running:
            worker.process.wait()
            for stream in (worker.process.stdin, worker.process.stdout):
                with suppress(BrokenPipeError):
                    stream.close()  # type: ignore[union-attr]
        self.running.clear()
