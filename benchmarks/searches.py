"""A short search of a method from its first step to its architecture, along one path.

    python -m benchmarks.searches METHOD SPACE PATH

On the embedded digits in the quick preset: 2 epochs, and 24 evaluations where the method evaluates. ``PATH``
as in `benchmarks.steps`; with ``plain`` sub-networks are scored one at a time.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from typing import Any

import torch

import gapless.data
import gapless.methods
import gapless.spaces
from benchmarks.steps import along, peak
from gapless.core import Streams
from gapless.engine.loop import search
from gapless.engine.run import Run

EPOCHS, EVALUATIONS = 2, 24


def main() -> None:
    name, space_name, path = sys.argv[1:]
    recipe = gapless.methods.get(name, "quick")
    recipe = recipe.scaled(max(EPOCHS, len(recipe.stages)))
    select: Any = recipe.select
    if select.evaluations:
        together = {"together": 1} if path == "plain" else {}
        recipe = replace(recipe, select=replace(select, evaluations=EVALUATIONS, **together))
    space = gapless.spaces.get(space_name)
    data, shape = gapless.data.get("digits"), space.presets["quick"].search
    with along(path):
        run = Run(recipe, space, shape, data, Streams(0), torch.device("cpu"))
        start = time.perf_counter()
        arch = search(run, lambda ended: None)
        seconds = time.perf_counter() - start
    print(json.dumps({"seconds": [seconds], "peak_mb": peak(), "arch": space.text(arch)}))


if __name__ == "__main__":
    main()
