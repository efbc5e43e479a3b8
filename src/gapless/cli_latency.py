"""The command ``gapless spaces latency``."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Annotated, cast

import typer

from gapless.cli_options import Json
from gapless.core.errors import BadValue, UnknownName

if TYPE_CHECKING:
    from gapless.data.shape import ImageShape


def latency(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    out: Annotated[str, typer.Option("--out", metavar="FILE", help="A CSV file; FILE.json beside it.")] = "",
    runtime: Annotated[str, typer.Option(help="onnxruntime or torch.")] = "onnxruntime",
    image: Annotated[str, typer.Option(help="Channels x height x width.")] = "3x32x32",
    classes: Annotated[int, typer.Option(help="Of the classifier.")] = 10,
    preset: Annotated[str, typer.Option(help="Whose deployment shape: quick or paper.")] = "quick",
    archs: Annotated[int, typer.Option(help="Networks to fit, and as many to check.")] = 8,
    seconds: Annotated[float, typer.Option(help="Of timing for each option and network.")] = 0.1,
    seed: Annotated[int, typer.Option(help="Which networks.")] = 0,
    as_json: Json = False,
) -> None:
    """Measure what each option takes on this machine, and how well sums of that predict networks."""
    if not out:
        raise BadValue(expected="--out FILE.csv", got="none", do="e.g. --out latency.csv")
    from pathlib import Path

    from gapless import spaces
    from gapless.export import latency_table, option_latency

    file, space = Path(out), spaces.get(name)
    latency_table.check(file)
    if preset not in space.presets:
        raise UnknownName("preset", preset, space.presets)
    table = option_latency.measured(
        space, space.presets[preset].deploy, _shape(image, classes),
        cast(option_latency.Runtime, runtime), archs, seed, seconds,
        (lambda line: None) if as_json else (lambda line: print(f"measuring {line}", flush=True)),
    )  # fmt: skip
    table.write(file)
    if as_json:
        print(json.dumps({"file": out, **table.to_json()}))
        return
    error = table.error
    assert error is not None
    rank = "" if error.spearman is None else f", rank correlation {error.spearman:.2f}"
    print(f"{out}: {len(table.options)} options, and {table.base:.3g} ms that every network takes")
    print(f"off by {error.mean_ms:.3g} ms ({error.relative:.0%}) on {error.archs} other networks{rank}")


def _shape(text: str, classes: int) -> ImageShape:
    from gapless.data.shape import ImageShape

    match = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)x([1-9]\d*)", text)
    if not match or classes < 2:
        raise BadValue(
            expected="--image CxHxW and at least 2 classes",
            got=f"'{text}', {classes}", do="e.g. --image 3x32x32",
        )  # fmt: skip
    channels, height, width = map(int, match.groups())
    return ImageShape(channels, height, width, classes)
