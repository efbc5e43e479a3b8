"""Stand-alone trainings, in one process of two threads or by workers of one thread.

    python -m benchmarks.trainings SPACE WAY NUMBER EPOCHS

``SPACE``: ``chain`` (that of `benchmarks.population`, 8 channels, batch 96, 28 x 28), ``darts`` or ``nb201``
(the quick deployment of that space). ``WAY``: ``1 process of 2 threads``, ``1 worker``, ``2 workers``. The
time that a worker needs to start is part of it.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks.population import SPACE
from benchmarks.steps import peak
from gapless.core.streams import Streams
from gapless.engine.folder import RunFolder
from gapless.job.alone import Errand, Setting, on_threads, trained
from gapless.job.crew import Crew
from gapless.job.interrupt import Stopper
from gapless.job.plan import plan
from gapless.job.request import Request
from gapless.job.show import Quiet


def main() -> None:
    name, way, number, epochs = sys.argv[1:]
    sets: tuple[tuple[str, str], ...] = (("training.epochs", epochs),)
    if name == "chain":
        sets += (("data.size", "28"), ("training.batch", "96"), ("deploy.channels", "8"))
        planned = plan(Request("object", "digits", "spos", sets=sets), space=SPACE)
    else:
        planned = plan(Request(name, "digits", "spos", sets=sets))
    rng = Streams(0).generator("trainings")
    errands = [Errand("baseline", planned.space.choices.sample(rng), i) for i in range(int(number))]
    records: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as place:
        folder = RunFolder.create(Path(place) / "run", {})
        start = time.perf_counter()
        if way.startswith("1 process"):
            with on_threads(2, torch.device("cpu")):
                for errand in errands:
                    records.append(trained(errand, planned, folder, "", Quiet(), Stopper(), 1e9))
        else:
            setting = Setting.of(planned, folder.path, 1, 1e9)
            assert setting is not None
            stored = lambda errand, record: records.append(record)  # noqa: E731
            Crew(setting, int(way[0]), stored, lambda n: None, print, lambda: False).do(errands)
        seconds = time.perf_counter() - start
    worker = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024 if "worker" in way else 0.0
    losses = sorted(record["test"]["loss"] for record in records)
    print(json.dumps({"seconds": [seconds], "peak_mb": peak() + int(way[0]) * worker, "losses": losses}))


if __name__ == "__main__":
    main()
