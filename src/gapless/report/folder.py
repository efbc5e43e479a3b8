"""A run folder read as plain values, and the page written into it."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from gapless.core.errors import BadRunFolder
from gapless.core.files import beside, quoted
from gapless.report import exploration
from gapless.report.page import render

VERSION = 1


def write(folder: Path) -> Path:
    """Write ``report.html`` into a run folder, beside and renamed, and return its path.

    Reads ``findings.json``, and ``trace.csv`` and ``alpha.csv`` where they exist.

    Raises:
        BadRunFolder: there are no findings, they cannot be read, or a newer Gapless wrote them.
    """
    folder = Path(folder)
    found = _findings(folder)
    if found.get("kind") == "explore":
        page = exploration.render(found)
    else:
        page = render(found, _table(folder / "trace.csv"), _table(folder / "alpha.csv"))
    target = folder / "report.html"
    try:
        with beside(target) as place:
            place.write_text(page, encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise BadRunFolder(
            expected=f"a run folder that can be written, for {target}",
            got=str(error),
            do="make room or give yourself the right to write there",
        ) from None
    return target


def _findings(folder: Path) -> dict[str, Any]:
    path = folder / "findings.json"
    again = f"run 'gapless audit {quoted(folder)}' to measure again"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadRunFolder(
            expected=f"a run folder with findings.json at {folder}",
            got="no such file" if folder.is_dir() else "no such folder",
            do="give the folder of a search; it holds findings.json once the search has measured something",
        ) from None
    except (OSError, ValueError) as error:
        raise BadRunFolder(expected=f"JSON in {path}", got=str(error), do=again) from None
    if not isinstance(found, dict):
        raise BadRunFolder(expected=f"a JSON object in {path}", got=type(found).__name__, do=again)
    version = found.get("version", VERSION)
    if not isinstance(version, int) or version > VERSION:
        raise BadRunFolder(
            expected=f"findings of version {VERSION} or older in {path}",
            got=f"version {version}",
            do="update gapless to the version that wrote them",
        )
    return found


def _table(path: Path) -> list[dict[str, Any]]:
    """Rows of a CSV file, numbers as floats and blanks as ``None``; no file is no rows."""
    try:
        with path.open(encoding="utf-8", errors="replace", newline="") as lines:
            clean = (line.replace("\0", "") for line in lines)
            return [
                {str(name): _cell(cell) for name, cell in row.items() if name}
                for row in csv.DictReader(clean)
            ]
    except FileNotFoundError:
        return []
    except (OSError, csv.Error) as error:
        raise BadRunFolder(
            expected=f"a readable CSV table in {path}",
            got=str(error),
            do="move that file away and report again",
        ) from None


def _cell(cell: Any) -> Any:
    if not isinstance(cell, str) or not cell.strip():
        return None
    try:
        return float(cell)
    except ValueError:
        return cell
