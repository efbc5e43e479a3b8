"""The command ``gapless ablate``."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from gapless.cli_options import DataName, Device, Json, PresetName, Root, Settings, SpaceName
from gapless.core.errors import BadValue


def ablate(
    base: Annotated[str, typer.Option(help="The method that is changed.")] = "darts",
    parts: Annotated[
        str, typer.Option("--parts", metavar="PART=NAME,...", help="Changes, each alone and all together.")
    ] = "",
    space: SpaceName = "darts",
    data: DataName = "digits",
    run: Annotated[str, typer.Option(help="Folder of all searches; the same one continues.")] = "",
    seeds: Annotated[int, typer.Option(help="Searches of each variant.")] = 3,
    seed: Annotated[int, typer.Option(help="The first one.")] = 0,
    epochs: Annotated[int | None, typer.Option(help="Of each search; every schedule follows.")] = None,
    preset: PresetName = "quick",
    settings: Settings = None,
    device: Device = "auto",
    root: Root = None,
    as_json: Json = False,
) -> None:
    """Search with a method, with each change of one part and with all changes, and compare."""
    if not run:
        raise BadValue(expected="--run DIR, a folder for the searches", got="none", do="e.g. --run runs/b")
    from gapless.audit.ablation import lines
    from gapless.job.ablate import Ablation, parsed
    from gapless.job.ablate import ablate as ablated
    from gapless.job.request import Request, pairs
    from gapless.job.show import Bars, Quiet

    sets = pairs(settings or [])
    asked = Request(space, data, base, preset, seed, epochs, sets, device, root, retrain=False)
    found = ablated(Ablation(asked, parsed(parts), seeds), run, Quiet() if as_json else Bars())
    print(json.dumps({"run": run, **found}) if as_json else "\n".join(lines(found["table"])))
