"""Four stand-alone trainings, in one process of two threads or by workers of one thread.

    python -m benchmarks.trainings WAY EPOCHS

``WAY``: ``1 process of 2 threads``, ``1 worker``, ``2 workers``. The time that a worker needs to start is
part of it.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks.steps import peak
from gapless.core.streams import Streams
from gapless.engine.folder import RunFolder
from gapless.job.alone import Errand, Setting, on_threads, trained
from gapless.job.crew import Crew
from gapless.job.interrupt import Stopper
from gapless.job.plan import plan
from gapless.job.request import Request
from gapless.job.show import Quiet

NUMBER = 4


def main() -> None:
    way, epochs = sys.argv[1], sys.argv[2]
    sets = (("training.epochs", epochs), ("data.size", "28"), ("training.batch", "96"))
    planned = plan(Request("chain", "digits", "spos", sets=sets))
    rng = Streams(0).generator("trainings")
    errands = [Errand("baseline", planned.space.choices.sample(rng), i) for i in range(NUMBER)]
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
    losses = sorted(record["test"]["loss"] for record in records)
    print(json.dumps({"seconds": [seconds], "peak_mb": peak(), "losses": losses}))


if __name__ == "__main__":
    main()
