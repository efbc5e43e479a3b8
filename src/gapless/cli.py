"""The command line: words to a request, findings to words."""

from __future__ import annotations

import io
import json
import os
import sys
from typing import Annotated, Any

import typer

from gapless.cli_ablate import ablate
from gapless.cli_compare import compare
from gapless.cli_explore import ended, explore
from gapless.cli_latency import latency
from gapless.cli_options import (
    DataName,
    Device,
    Json,
    MethodName,
    Most,
    Moved,
    PresetName,
    Root,
    Run,
    Seed,
    Settings,
    SpaceName,
)  # fmt: skip
from gapless.core.errors import BadValue, GaplessError, Incompatible, Interrupted

app = typer.Typer(
    name="gapless",
    help="Weight-sharing neural architecture search that measures its own optimization gap.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
methods_app = typer.Typer(help="What methods there are, what they are made of, where they run.")
spaces_app = typer.Typer(help="What search spaces there are.")
app.add_typer(methods_app, name="methods", no_args_is_help=True)
app.add_typer(spaces_app, name="spaces", no_args_is_help=True)
app.command()(ablate)
app.command()(compare)
app.command()(explore)
spaces_app.command()(latency)

STOPPED = Interrupted.exit_status


def main(arguments: list[str] | None = None) -> None:
    """The entry point: exit status 0 done, 2 cannot be done, 130 interrupted; 1 where nobody reads on."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # names of files need not be UTF-8
        sys.stdout.reconfigure(errors="surrogateescape")
    try:
        status = app(args=arguments, standalone_mode=False)  # a Ctrl-C that nobody listened for is returned
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left goes nowhere, silently
        sys.exit(1)
    except Exception as error:
        if _interrupted(error):
            _fail("stopped", STOPPED)
        if isinstance(error, GaplessError):
            prefix = "" if isinstance(error, Interrupted) else "gapless: "
            _fail(f"{prefix}{error}", error.exit_status)
        if not hasattr(error, "format_message"):
            raise
        line = " ".join(error.format_message().split())
        if not line:  # help was asked for by asking for nothing, and is printed
            sys.exit(2)
        _fail(f"gapless: {line}; see 'gapless --help'", 2)
    if status == STOPPED:
        _fail("stopped", STOPPED)


def _interrupted(error: BaseException | None) -> bool:
    """Whether a Ctrl-C is behind an error: imports and torch.export make others of it."""
    while error is not None and not isinstance(error, KeyboardInterrupt | Interrupted):
        error = error.__cause__ or error.__context__
    return isinstance(error, KeyboardInterrupt)


def _fail(line: str, status: int) -> None:
    print(line, file=sys.stderr)
    sys.exit(status)


@app.command()
def search(
    space: SpaceName = "darts",
    data: DataName = "digits",
    method: Annotated[str, typer.Option(help="A name of 'gapless methods list'.")] = "darts",
    run: Annotated[str, typer.Option(help="A new folder for everything that is written.")] = "",
    seed: Seed = 0,
    epochs: Annotated[int | None, typer.Option(help="Of the search; every schedule follows.")] = None,
    budget: Annotated[str | None, typer.Option(help="Instead of --epochs: a time such as 10m.")] = None,
    preset: PresetName = "quick",
    settings: Settings = None,
    most: Most = None,
    device: Device = "auto",
    root: Root = None,
    retrain: Annotated[bool, typer.Option(help="Train the found architecture alone and export it.")] = True,
    audit: Annotated[bool, typer.Option(help="Measure the accuracy chain and a random baseline.")] = True,
    archs: Annotated[int, typer.Option(help="Random architectures of the baseline.")] = 3,
    seeds: Annotated[int, typer.Option(help="Trainings of the found architecture.")] = 3,
    sample: Annotated[int, typer.Option(help="Sub-networks trained alone for the terms of the gap.")] = 0,
    as_json: Json = False,
) -> None:
    """Search, train what was found, measure the gap, write a report and an ONNX file."""
    if not run:
        raise BadValue(expected="--run DIR, a new folder for the results", got="none", do="e.g. --run runs/a")
    from gapless.engine.folder import RunFolder
    from gapless.job.job import begin, carried_out
    from gapless.job.plan import plan
    from gapless.job.request import Request, pairs

    if epochs is not None and budget is not None:
        raise BadValue(expected="--epochs or --budget", got="both", do="give one of them")
    sets = pairs(settings or [])
    request = Request(
        space, data, method, preset, seed, epochs, sets, device, root, retrain, audit, archs, seeds,
        sample, tuple(most or ()),
    )  # fmt: skip
    RunFolder.vacant(run)
    planned = plan(request)
    if budget is not None:
        from gapless.job.budget import within

        planned = within(planned, budget)
    shown = _show(as_json)
    _ended(carried_out(planned, begin(planned, run, shown), shown), as_json)


@app.command()
def resume(folder: Run, root: Root = None, data: Moved = None, as_json: Json = False) -> None:
    """Continue a run that was stopped or killed, where its last checkpoint left it."""
    from gapless.job import explore as exploring
    from gapless.job.job import carried_out, reopened

    if exploring.explores(folder):
        ended(exploring.carried_out(*exploring.reopened(folder, root, data), _show(as_json)), as_json)
        return
    planned, place = reopened(folder, root=root, place=data)
    _ended(carried_out(planned, place, _show(as_json)), as_json)


@app.command()
def retrain(
    folder: Run,
    shape: Annotated[str, typer.Option(help="search or deploy.")] = "deploy",
    root: Root = None,
    data: Moved = None,
    as_json: Json = False,
) -> None:
    """Train the found architecture alone once more, with a new seed."""
    from gapless.core.errors import UnknownName
    from gapless.job.job import reopened, trained

    if shape not in ("search", "deploy"):
        raise UnknownName("shape", shape, ("search", "deploy"))
    record = trained(*reopened(folder, root=root, place=data), shape, _show(as_json))
    test, n = record["test"]["accuracy"], record["test"]["n"]
    _answer(record, as_json, f"test accuracy {100 * test:.2f} % on {n} images, seed {record['seed']}")


@app.command()
def audit(
    folder: Run,
    archs: Annotated[int | None, typer.Option(help="Random architectures of the baseline.")] = None,
    seeds: Annotated[int | None, typer.Option(help="Trainings of the found architecture.")] = None,
    sample: Annotated[int, typer.Option(help="Sub-networks trained alone, to rank shared weights by.")] = 8,
    deployed: Annotated[int | None, typer.Option(help="Of these also in the deployment shape.")] = None,
    budget: Annotated[str | None, typer.Option(help="Begin no more terms of the gap after 10m.")] = None,
    truth: Annotated[
        str | None,
        typer.Option(help="Rank against table:FILE,arch=COLUMN,accuracy=COLUMN instead of trainings."),
    ] = None,
    root: Root = None,
    data: Moved = None,
    as_json: Json = False,
) -> None:
    """Measure the gap of a finished search, term by term, and what is missing of chain and baseline."""
    from gapless.job.job import continued, reopened
    from gapless.job.request import seconds

    within = None if budget is None else seconds(budget)
    found = continued(
        *reopened(folder, root=root, place=data), _show(as_json), within, truth, archs=archs, seeds=seeds,
        sample=sample, deployed=deployed, retrain=True, audit=True,
    )  # fmt: skip
    _ended(found, as_json)


@app.command()
def report(folder: Run, as_json: Json = False) -> None:
    """Write report.html anew."""
    from gapless.engine.folder import RunFolder
    from gapless.report import write

    path = write(RunFolder.open(folder).path)
    _answer({"report": str(path)}, as_json, str(path))


@app.command()
def export(
    folder: Run,
    onnx: Annotated[str, typer.Option("--onnx", metavar="FILE", help="Where the ONNX file goes.")] = "",
    root: Root = None,
    data: Moved = None,
    as_json: Json = False,
) -> None:
    """Export the trained network to ONNX, compared with torch in ONNX Runtime."""
    if not onnx:
        raise BadValue(expected="--onnx FILE", got="none", do="e.g. --onnx model.onnx")
    from pathlib import Path

    from gapless.job.found import Found
    from gapless.job.job import exported, reopened

    planned, place = reopened(folder, root=root, place=data)
    found = Found(planned, place)
    done = exported(planned, found.arch, found.network(), Path(onnx))
    line = f"{onnx}: {done['bytes']:,} bytes, largest difference from torch {done['max_error']:.1e}"
    _answer({**done, "file": onnx}, as_json, f"{line}, {_latency(done)}")


@methods_app.command("list")
def methods_list(as_json: Json = False) -> None:
    """All methods, a line each."""
    from gapless import methods

    rows = {name: methods.get(name) for name in methods.names()}
    text = "\n".join(f"{name:<12} {recipe.title}" for name, recipe in rows.items())
    _answer({"methods": [{"name": n, "title": r.title} for n, r in rows.items()]}, as_json, text)


@methods_app.command("show")
def methods_show(
    name: MethodName,
    preset: Annotated[str, typer.Option(help="paper or quick.")] = "paper",
    as_json: Json = False,
) -> None:
    """Equation, parts and their files, terms of the gap, defaults, deviations and citation of a method."""
    from gapless.job.describe import described, told

    found = described(name, preset)
    _answer(found, as_json, told(found))


@methods_app.command("diff")
def methods_diff(
    a: Annotated[str, typer.Argument(metavar="A")],
    b: Annotated[str, typer.Argument(metavar="B")],
    preset: Annotated[str, typer.Option(help="paper or quick.")] = "paper",
    as_json: Json = False,
) -> None:
    """In which parts and values two methods differ."""
    from gapless.job.describe import contrasted, differences

    found = differences(a, b, preset)
    _answer(found, as_json, contrasted(found))


@methods_app.command("check")
def methods_check(name: MethodName, space: SpaceName = "darts", as_json: Json = False) -> None:
    """Whether a method can run on a space, and if not, why."""
    from gapless import methods, spaces
    from gapless.engine.check import conflicts

    found = conflicts(methods.get(name), spaces.get(space))
    if as_json or not found:
        text = f"'{name}' runs on '{space}'"
        _answer({"method": name, "space": space, "runs": not found, "conflicts": found}, as_json, text)
    if found:
        raise Incompatible(
            expected=f"a space that method '{name}' runs on",
            got=f"'{space}': {'; '.join(found)}",
            do="choose another space or method",
        )


@spaces_app.command("list")
def spaces_list(as_json: Json = False) -> None:
    """All search spaces, a line each."""
    from gapless import spaces

    rows = {name: spaces.get(name).summary for name in spaces.names()}
    width = max(map(len, rows))
    text = "\n".join(f"{name:<{width}} {summary}" for name, summary in rows.items())
    _answer({"spaces": [{"name": n, "summary": s} for n, s in rows.items()]}, as_json, text)


@spaces_app.command("show")
def spaces_show(name: MethodName, as_json: Json = False) -> None:
    """Choices, size and presets of a space."""
    from gapless import spaces
    from gapless.engine.recipe import plain

    space = spaces.get(name)
    groups = [
        {"name": g.name, "choices": len(g.rows), "options": list(g.options)} for g in space.choices.groups()
    ]
    lines = [f"{space.name}: {space.summary}", f"  {space.size():,} architectures"]
    lines += [f"  {g['name']}: {g['choices']} choices of {', '.join(g['options'])}" for g in groups]  # type: ignore[arg-type]
    for preset, value in space.presets.items():
        lines += [f"  {preset}: search {value.search}", f"  {'':<{len(preset)}}  deploy {value.deploy}"]
    shown = {"name": name, "summary": space.summary, "size": space.size(), "groups": groups}
    _answer({**shown, "presets": plain(space.presets)}, as_json, "\n".join(lines))


@spaces_app.command("size")
def spaces_size(name: MethodName, as_json: Json = False) -> None:
    """Number of architectures, exact."""
    from gapless import spaces

    size = spaces.get(name).size()
    _answer({"name": name, "size": size}, as_json, str(size))


@spaces_app.command("sample")
def spaces_sample(
    name: MethodName, seed: Annotated[int, typer.Option(help="Which one.")] = 0, as_json: Json = False
) -> None:
    """One architecture, drawn uniformly."""
    from gapless import spaces
    from gapless.core import Streams

    space = spaces.get(name)
    arch = space.choices.sample(Streams(seed).generator("sample"))
    _answer({**arch.to_json(), "key": arch.key, "text": space.text(arch)}, as_json, space.text(arch))


@app.command()
def doctor(as_json: Json = False) -> None:
    """What this installation computes with, and what would make it faster."""
    from gapless.job.doctor import examined, told

    found = examined()
    _answer(found, as_json, told(found))


def _show(as_json: bool) -> Any:
    from gapless.job.show import Bars, Quiet

    return Quiet() if as_json else Bars()


def _answer(value: Any, as_json: bool, text: str) -> None:
    print(json.dumps(value) if as_json else text)


def _latency(done: dict[str, Any]) -> str:
    return f"{done['latency_ms']['onnxruntime']['median']:.2f} ms an image in ONNX Runtime"


def _ended(found: Any, as_json: bool) -> None:
    findings, path = found.findings, found.path
    if as_json:
        print(json.dumps({"run": str(path), **findings}))
        return
    lines = ["", f"architecture  {findings['architecture']['text']}"]
    if "accuracy" in findings:
        test = findings["accuracy"]["test"]
        count = f"{len(test['values'])} training{'s' if len(test['values']) > 1 else ''}"
        lines.append(
            f"accuracy      {100 * test['mean']:.2f} % +- {100 * test['sd']:.2f} on the test split "
            f"({count}, {test['n_images']} images), {findings['cost']['params']:,} parameters"
        )
    if "baseline" in findings:
        lines.append(f"baseline      {findings['baseline']['verdict']}")
    if "chain" in findings:
        rungs = ", ".join(f"{r['name']} {100 * r['accuracy']:.1f}" for r in findings["chain"])
        lines.append(f"chain         {rungs} (% on the audit split)")
    if "export" in findings:
        lines.append(
            f"network       {path / 'model.onnx'} ({_latency(findings['export'])}), "
            f"{path / 'model.safetensors'}"
        )
    lines += [f"left out      {line}" for line in findings.get("left_out", {}).values()]
    lines.append(f"report        {path / 'report.html'}")
    print("\n".join(lines))
