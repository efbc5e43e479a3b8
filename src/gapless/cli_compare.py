"""The command ``gapless compare``."""

from __future__ import annotations

import io
import json
import sys
from typing import Annotated, Any

import typer

from gapless.cli_options import Json


def compare(
    folders: Annotated[list[str], typer.Argument(metavar="DIR DIR ...", help="Folders of searches.")],
    out: Annotated[str | None, typer.Option("--out", metavar="FILE", help="An HTML page goes there.")] = None,
    as_json: Json = False,
) -> None:
    """Set searches side by side: differences over seeds, what they found, what they cost."""
    from gapless.job.compare import compare as compared

    found = compared(folders)
    if out is not None:
        from gapless.report.comparison import write

        found["page"] = str(write(found, out))
    print(json.dumps(found) if as_json else told(found))


def told(found: dict[str, Any]) -> str:
    """A comparison as text: tables, one sentence a pair, and what is left out."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from gapless.audit.claim import sentence
    from gapless.report.variants import names, tables

    text = io.StringIO()
    width = None if sys.stdout.isatty() else 10_000
    console = Console(file=text, width=width, highlight=False, markup=False, color_system=None)
    for one in tables(found):
        table = Table(box=box.SIMPLE_HEAD, title=one.title, title_justify="left", pad_edge=False)
        for i, column in enumerate(one.columns):
            table.add_column(column, justify="right" if i else "left", no_wrap=width is not None)
        for row in one.rows:
            table.add_row(*row)
        console.print(table)
    called = names(found)
    lines = [f"{short}: {name}" for name, short in called.items() if short != name]
    lines += [line.rstrip() for line in text.getvalue().splitlines()]
    lines += [sentence({**pair, "a": called[pair["a"]], "b": called[pair["b"]]}) for pair in found["pairs"]]
    if found["apart"]:
        data = dict.fromkeys(variant["data"] for variant in found["variants"])
        lines.append(f"not set against each other, on different data: {'; '.join(data)}")
    lines += [f"left out: {one['run']}: {one['why']}" for one in found["left out"]]
    for one in found["missing"]:
        more = f" and {len(one['runs']) - 1} more" if len(one["runs"]) > 1 else ""
        lines.append(f"not measured in {one['runs'][0]}{more}: {', '.join(one['measures'])}; {one['do']}")
    lines += [f"note: {note}" for note in found["notes"]]
    lines += [f"page: {found['page']}"] if "page" in found else []
    return "\n".join(lines).strip("\n")
