"""The run folder: who may write it, and how."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gapless.core.errors import BadRunFolder
from gapless.core.files import LEFT, beside, quoted

FORMAT, VERSION = "gapless.run", 1
WRITTEN = ("", "checkpoint/**/", "networks/")
"""Where files of a run are written, in glob's words."""


@contextmanager
def refusing_disk_errors(place: Path, be: str = "written") -> Iterator[None]:
    """Turns what the operating system says about a disk into one line.

    Args:
        be: ``written`` or ``read``: what it was asked for.

    Raises:
        BadRunFolder: a full disk, a read-only place, missing permission, an impossible name.
    """
    try:
        yield
    except OSError as error:
        raise BadRunFolder(
            expected=f"a folder that can be {be} at '{place}'",
            got=error.strerror or type(error).__name__,
            do="free the disk or choose another folder; what was saved before is intact",
        ) from error


@dataclass(frozen=True)
class RunFolder:
    """A folder that belongs to one run."""

    path: Path

    @classmethod
    def create(cls, path: str | os.PathLike[str], header: Mapping[str, Any]) -> RunFolder:
        """Makes the folder and writes ``run.json``.

        Raises:
            BadRunFolder: it holds a run already, or other files, or cannot be written.
        """
        place = Path(path)
        cls.vacant(place)
        with refusing_disk_errors(place):
            place.mkdir(parents=True, exist_ok=True)
        folder = cls(place)
        folder.write_json("run.json", {"format": FORMAT, "version": VERSION, **header})
        return folder

    @classmethod
    def vacant(cls, path: str | os.PathLike[str]) -> None:
        """Raises:
        BadRunFolder: the place is taken, or could not be written.
        """
        place = Path(path)
        with refusing_disk_errors(place):
            if place.exists() and not place.is_dir():
                raise BadRunFolder(
                    expected=f"a folder for the run at '{place}'", got="a file", do="give --run another name"
                )
            if (place / "run.json").exists():
                raise BadRunFolder(
                    expected=f"a new folder for the run at '{place}'",
                    got="a folder that holds a run",
                    do=f"continue it with 'gapless resume {quoted(place)}', or give --run another name",
                )
            if place.is_dir() and any(p.name != ".lock" and not p.match(LEFT) for p in place.iterdir()):
                raise BadRunFolder(
                    expected=f"a new or empty folder for the run at '{place}'",
                    got="a folder with other files",
                    do="give --run another name",
                )
            nearest = next(p for p in (place, *place.absolute().parents) if p.exists())
            if not nearest.is_dir() or not os.access(nearest, os.W_OK):
                raise BadRunFolder(
                    expected=f"a place that can be written at '{nearest}'",
                    got="no permission",
                    do="give --run another name",
                )

    @staticmethod
    def holds(path: str | os.PathLike[str], name: str = "run.json") -> bool:
        """Whether there is a file of that name in a folder.

        Raises:
            BadRunFolder: nobody lets us look.
        """
        with refusing_disk_errors(Path(path), "read"):
            return (Path(path) / name).is_file()

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> RunFolder:
        """A folder that holds a run.

        Raises:
            BadRunFolder: no run there, damaged, or written by a newer version.
        """
        place = Path(path)
        if not cls.holds(place):
            ablation = _ablation(place)
            raise BadRunFolder(
                expected=f"a run folder at '{place}'",
                got="that of an ablation" if ablation
                else "no run.json there" if place.is_dir() else "no such folder",
                do=f"continue it with '{ablation}', or give the folder of one of its searches" if ablation
                else "give the folder that was given to --run",
            )  # fmt: skip
        folder = cls(place)
        header = folder.read_json("run.json")
        if not isinstance(header, dict) or header.get("format") != FORMAT:
            raise BadRunFolder(
                expected=f"a run.json written by gapless in '{place}'",
                got="another format",
                do="give the folder that was given to --run",
            )
        if not isinstance(header.get("version"), int) or header["version"] > VERSION:
            raise BadRunFolder(
                expected=f"a run folder of version {VERSION} or older",
                got=f"version {header.get('version')}",
                do="install the gapless that wrote it, or a newer one",
            )
        return folder

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the folder for this process; a killed process lets go by dying.

        What one left that was killed while it wrote is removed.

        Raises:
            BadRunFolder: another process holds it.
        """
        from filelock import FileLock, Timeout

        with refusing_disk_errors(self.path):
            lock = FileLock(self.path / ".lock")
            try:
                lock.acquire(timeout=0)
            except Timeout:
                raise BadRunFolder(
                    expected=f"a run folder that no other process is working on at '{self.path}'",
                    got="one in use",
                    do="wait for the other process, or stop it",
                ) from None
        try:
            with refusing_disk_errors(self.path):
                for place in WRITTEN:
                    for left in self.path.glob(place + LEFT):
                        left.unlink(missing_ok=True)
            yield
        finally:
            lock.release()

    def __truediv__(self, name: str) -> Path:
        return self.path / name

    def write(self, name: str, content: bytes) -> Path:
        """Writes a file beside its place and renames it there."""
        final = self.path / name
        with refusing_disk_errors(self.path):
            final.parent.mkdir(parents=True, exist_ok=True)
            with beside(final) as place:
                place.write_bytes(content)
        return final

    def write_json(self, name: str, value: Any) -> Path:
        return self.write(name, (json.dumps(value, indent=1) + "\n").encode())

    def read_json(self, name: str) -> Any:
        """Raises:
        BadRunFolder: the file is missing or not JSON.
        """
        try:
            return json.loads((self.path / name).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise BadRunFolder(
                expected=f"a readable {name} in '{self.path}'",
                got=type(error).__name__,
                do="restore the file, or start the run again in another folder",
            ) from error

    def read_object(self, name: str, **types: type) -> dict[str, Any]:
        """As `read_json`, of what must be a JSON object.

        Args:
            types: names that must be in it, and what they hold.

        Raises:
            BadRunFolder: the file is missing, or something else is in it.
        """
        found = self.read_json(name)
        got = type(found).__name__ if not isinstance(found, dict) else ""
        for key, kind in types.items() if not got else ():
            if not isinstance(found.get(key), kind):
                got = f"no '{key}' that can be read"
        if got:
            raise BadRunFolder(
                expected=f"a {name} written by gapless in '{self.path}'",
                got=got,
                do="restore the file, or start the run again in another folder",
            )
        return dict(found)

    def write_csv(self, name: str, rows: list[dict[str, Any]]) -> Path:
        """Rows with the columns of all of them, in the order in which they first appear."""
        import csv
        import io

        columns = list(dict.fromkeys(column for row in rows for column in row))
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return self.write(name, text.getvalue().encode())


def unfinished(path: Path, again: str = "") -> BadRunFolder:
    """What is said where a search has to have ended; ``again`` goes on with it."""
    return BadRunFolder(
        expected=f"a finished search in '{path}'",
        got="one that was stopped before its end",
        do=f"continue it with '{again or f'gapless resume {quoted(path)}'}'",
    )


def _ablation(place: Path) -> str:
    """The command that began the ablation at a place; empty where there is none."""
    try:
        return str(json.loads((place / "ablation.json").read_text(encoding="utf-8"))["command"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
