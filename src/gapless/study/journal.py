"""A journal of trials that many entries are written to at once.

An Optuna journal is a file of lines of JSON, which Optuna writes, and waits for the disk, operation by
operation. Here everything within `Journal.batch` is one write. Optuna's own tools read the file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from filelock import FileLock
from optuna.storages.journal import BaseJournalBackend

from gapless.core.errors import BadRunFolder


class Journal(BaseJournalBackend):
    """The file at ``path``; made where it is missing.

    One process at a time writes. A line that a killed process left half written is read by nobody and cut
    off by whoever writes next.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = FileLock(f"{path}.lock")
        self._number, self._offset = 0, 0  # a line that begins there
        self._held: list[dict[str, Any]] | None = None
        path.touch()

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Within, no other process writes, and nothing reaches the file before the end.

        On an error nothing of the batch is in the file; the storage must then be opened anew.
        """
        if self._held is not None:
            yield
            return
        with self._lock:
            self._held = []
            try:
                yield
                held = self._held
            finally:
                self._held = None
            if held:
                self._write(held)

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        if self._held is not None:
            self._held += logs
            return
        with self._lock:
            self._write(logs)

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """What is in the file, then what is held.

        Raises:
            BadRunFolder: a line is damaged.
        """
        if log_number_from < self._number:
            self._number, self._offset = 0, 0
        found = []
        with self.path.open("rb") as file:
            file.seek(self._offset)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                if self._number >= log_number_from:
                    found.append(line)
                self._number, self._offset = self._number + 1, self._offset + len(line)
        first = self._number - len(found)
        yield from (self._entry(line, first + i) for i, line in enumerate(found))
        yield from (self._held or ())[max(0, log_number_from - self._number) :]

    def _entry(self, line: bytes, number: int) -> dict[str, Any]:
        try:
            found = json.loads(line)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise BadRunFolder(
                expected=f"operations of an Optuna journal in '{self.path}'",
                got=f"line {number + 1}, which is damaged",
                do="repair that line, or cut it and all after it off: these trials are then scored again",
            )
        return found

    def _write(self, logs: list[dict[str, Any]]) -> None:
        text = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs)
        with self.path.open("r+b") as file:
            file.seek(_whole(file))
            file.truncate()
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())


def _whole(file: BinaryIO, step: int = 1 << 16) -> int:
    """Where the last whole line ends."""
    end = file.seek(0, os.SEEK_END)
    while end:
        start = max(0, end - step)
        file.seek(start)
        last = file.read(end - start).rfind(b"\n")
        if last >= 0:
            return start + last + 1
        end = start
    return 0
