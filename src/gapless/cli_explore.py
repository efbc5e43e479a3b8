"""The command ``gapless explore``."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from gapless.cli_options import DataName, Device, Json, Most, PresetName, Root, Seed, SpaceName
from gapless.core.errors import BadValue


def explore(
    space: SpaceName = "nb201",
    explorer: Annotated[
        str, typer.Option(help="Who proposes: random, genetic, nsga2, ..., optuna:tpe.")
    ] = "genetic",
    evaluator: Annotated[
        str, typer.Option(help="Who scores: standalone, inherited:RUN, zerocost:NAME or table:FILE,...")
    ] = "standalone",
    trials: Annotated[int, typer.Option(help="Architectures to score.")] = 100,
    run: Annotated[str, typer.Option(help="Folder of everything that is written; the same one joins.")] = "",
    seed: Seed = 0,
    workers: Annotated[int, typer.Option(help="Processes that score at once.")] = 1,
    most: Most = None,
    storage: Annotated[
        str | None, typer.Option(help="Address of an Optuna storage; a journal in the folder if not given.")
    ] = None,
    data: DataName = "digits",
    epochs: Annotated[int | None, typer.Option(help="Of each stand-alone training.")] = None,
    preset: PresetName = "quick",
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="PART.FIELD=VALUE", help="Change one number.")
    ] = None,
    device: Device = "auto",
    root: Root = None,
    as_json: Json = False,
) -> None:
    """Propose architectures, score them one by one, and keep the best."""
    if not run:
        raise BadValue(expected="--run DIR, a folder for the trials", got="none", do="e.g. --run runs/e")
    from gapless.job.exploration import Exploration, resolved
    from gapless.job.explore import begin, carried_out
    from gapless.job.request import pairs
    from gapless.job.show import Bars, Quiet

    request = Exploration(
        space, explorer, evaluator, trials, seed, data, preset, epochs, tuple(most or ()),
        pairs(settings or []), storage, workers, device, root,
    )  # fmt: skip
    terrain = resolved(request)
    terrain.check()
    shown = Quiet() if as_json else Bars()
    ended(carried_out(terrain, begin(terrain, run, shown), shown), as_json)


def ended(found: Any, as_json: bool) -> None:
    """Prints what an exploration found."""
    findings, path = found.findings, found.path
    if as_json:
        print(json.dumps({"run": str(path), **findings}))
        return
    from gapless.job.explore import spoken

    failed = f", {findings['failed']:,} gave no number" if findings["failed"] else ""
    lines = ["", f"trials        {findings['trials']:,}{failed}"]
    if "best" in findings:
        top = findings["best"]
        report = f", {100 * top['report']:.2f} % reported" if "report" in top else ""
        costs = "".join(f", {value:,.6g} {name}" for name, value in top["cost"].items())
        lines += [
            f"architecture  {findings['architecture']['text']}",
            f"score         {spoken(top, findings.get('measure'))}{report}{costs}",
        ]
    lines.append(f"report        {path / 'report.html'}")
    print("\n".join(lines))
