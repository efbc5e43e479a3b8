"""Scores looked up in a table of measured architectures."""

from __future__ import annotations

import csv
import gzip
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from gapless.core import Arch
from gapless.core.errors import BadValue
from gapless.core.record import Record
from gapless.evaluate.contract import Setting, options
from gapless.spaces.contract import SearchSpace

DEFAULT = {"arch": "arch", "accuracy": "accuracy"}
METRICS = ("accuracy", "report")


@dataclass(frozen=True, eq=False)
class Table:
    """Rows by the text that the space writes for an architecture.

    Args:
        name: of the file, for messages.
        rows: text of an architecture to its numbers, those of `METRICS` in [0, 1].
    """

    space: SearchSpace
    name: str
    rows: Mapping[str, Mapping[str, float]]
    instant: bool = True
    together: int = 1000

    def __call__(self, archs: Sequence[Arch]) -> list[Record]:
        """Raises:
        BadValue: the table has no row for one of them.
        """
        return [self._record(arch) for arch in archs]

    def _record(self, arch: Arch) -> Record:
        text = self.space.text(arch)
        row = self.rows.get(text)
        if row is None:
            raise BadValue(
                expected=f"a row of {self.name} for every architecture of space '{self.space.name}'",
                got=f"none for {text}",
                do="give a whole table, in the notation of 'gapless spaces sample'",
            )
        metrics = {name: row[name] for name in METRICS if name in row}
        cost = {name: value for name, value in row.items() if name not in METRICS}
        return Record(arch, metrics, cost, provenance="table")


def looked_up(space: SearchSpace, text: str) -> Table:
    """``table:FILE,...`` without an evaluation's setting: what an audit holds scores against.

    Raises:
        BadValue: another kind of truth, no file, not such a table, or no such column.
    """
    kind, _, argument = text.partition(":")
    if kind != "table":
        raise BadValue(
            expected="--truth table:FILE.csv,arch=COLUMN,accuracy=COLUMN",
            got=f"'{text}'",
            do="leave --truth out to train sub-networks here",
        )
    return opened(space, argument)


def table(setting: Setting, argument: str) -> Table:
    """``FILE.csv[.gz],arch=COLUMN,accuracy=COLUMN,report=COLUMN,NAME=COLUMN``: what is in which column.

    ``accuracy`` is what a search sees, ``report`` what is told of its end; every other name is a cost. Where
    a column of these two has values above 1, all of it is in per cent.

    Raises:
        BadValue: no file, not such a table, or no such column.
    """
    return opened(setting.space, argument)


def opened(space: SearchSpace, argument: str) -> Table:
    """What `table` makes, from the space alone."""
    file, columns = options(argument)
    if not file:
        raise BadValue(
            expected="a file after 'table:'", got="none",
            do="e.g. --evaluator table:FILE.csv,arch=arch,accuracy=val_acc,report=test_acc",
        )  # fmt: skip
    made = Table(space, Path(file).name, rows(file, {**DEFAULT, **columns}))
    made([space.choices.at(0)])  # another notation is known at once
    return made


def rows(file: str, columns: Mapping[str, str]) -> Mapping[str, Mapping[str, float]]:
    """Rows by their ``arch``, each with its other ``columns``; a file is read once.

    Raises:
        BadValue: no file, not such a table, or no such column.
    """
    return _read(file, tuple(sorted(columns.items())))


@lru_cache(maxsize=4)
def _read(file: str, columns: tuple[tuple[str, str], ...]) -> Mapping[str, Mapping[str, float]]:
    named = dict(columns)
    key = named.pop("arch")
    found: dict[str, dict[str, float]] = {}
    try:
        for number, row in enumerate(_lines(Path(file), (key, *named.values())), 2):
            text = row[key].strip()
            if text in found:
                raise _bad(file, f"'{text}' twice, again in line {number}", "keep one row an architecture")
            found[text] = {name: _number(file, number, row, column) for name, column in named.items()}
    except (OSError, EOFError, ValueError, csv.Error) as error:
        what = getattr(error, "strerror", None) or str(error)
        raise _bad(file, what, "give a CSV file or one in gzip") from error
    if not found:
        raise _bad(file, "no row", "give a table with a header and rows")
    for metric in METRICS:
        if any(numbers.get(metric, 0.0) > 1 for numbers in found.values()):
            for numbers in found.values():
                numbers[metric] /= 100
    return found


def _lines(path: Path, wanted: Sequence[str]) -> Iterator[Mapping[str, str]]:
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
    for column in wanted:
        if column not in (reader.fieldnames or ()):
            raise BadValue(
                expected=f"a column '{column}' in {path.name}",
                got=", ".join((reader.fieldnames or ())[:12]) or "no header",
                do="name columns: table:FILE,arch=COLUMN,accuracy=COLUMN,report=COLUMN",
            )
    yield from reader


def _number(file: str, line: int, row: Mapping[str, str], column: str) -> float:
    try:
        value = float(row[column])
    except (TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        raise _bad(file, f"'{row[column]}' in column '{column}', line {line}", "correct the table")
    return value


def _bad(file: str, got: str, do: str) -> BadValue:
    return BadValue(expected=f"a table of architectures in '{file}'", got=got, do=do)
