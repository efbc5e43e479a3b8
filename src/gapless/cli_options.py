"""Options that several commands have."""

from __future__ import annotations

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Run = Annotated[str, typer.Argument(metavar="DIR", help="The folder that was given to --run.")]
Root = Annotated[str | None, typer.Option("--root", help="Where data sets lie.")]
Moved = Annotated[
    str | None,
    typer.Option("--data", metavar="folder:PATH", help="Where the run's folder of images lies now."),
]
SpaceName = Annotated[str, typer.Option("--space", help="Search space.")]
DataName = Annotated[str, typer.Option(help="digits, fashion-mnist, cifar10, cifar100 or folder:PATH.")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="PART.FIELD=VALUE", help="Change one number or part.")
]
Most = Annotated[
    list[str] | None,
    typer.Option("--max", metavar="COST=AMOUNT", help="E.g. params=1M, macs=50M, memory=1MB, latency=3ms."),
]
MethodName = Annotated[str, typer.Argument(metavar="NAME")]
Seed = Annotated[int, typer.Option(help="All random numbers follow from it.")]
PresetName = Annotated[str, typer.Option(help="quick: for two cores; paper: as published.")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
