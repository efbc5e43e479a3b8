"""Show: how a job tells what it is doing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


class Advance(Protocol):
    """Notes that ``n`` further units are done, with a few words on where that leads."""

    def __call__(self, note: str, n: int = 1) -> None: ...


class Show(Protocol):
    """Progress of long work, and lines in between."""

    def track(self, title: str, total: int, done: int = 0) -> AbstractContextManager[Advance]:
        """Within, the yielded function is called after every unit with a short note."""
        ...

    def say(self, line: str) -> None: ...


class Quiet:
    """No bars; what has to be said still goes to standard error."""

    @contextmanager
    def track(self, title: str, total: int, done: int = 0) -> Iterator[Advance]:
        yield lambda note, n=1: None

    def say(self, line: str) -> None:
        print(line, file=sys.stderr)


class Bars:
    """Progress bars with the time left, on standard error; none where that is not a terminal."""

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False)

    @contextmanager
    def track(self, title: str, total: int, done: int = 0) -> Iterator[Advance]:
        columns = (
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            TextColumn("left"), TimeRemainingColumn(), TextColumn("{task.fields[note]}"),
        )  # fmt: skip
        with Progress(*columns, console=self.console, disable=not self.console.is_terminal) as bars:
            task = bars.add_task(f"{title:<28}", total=total, completed=done, note="")
            yield lambda note, n=1: bars.update(task, advance=n, note=note)

    def say(self, line: str) -> None:
        self.console.print(line, markup=False, soft_wrap=True)
