"""A small search in a process of its own, to be killed."""

import os
import sys

import torch

from gapless.job.job import begin, carried_out, reopened
from gapless.job.plan import plan
from gapless.job.request import Request
from gapless.methods import get

SPACES = {"random": "nb201", "spos": "chain", "fairnas": "nb201"}
"""Where the methods that do not search `darts` here search."""


def request(method: str, alone: bool) -> Request:
    """``alone``: whether what is found is also trained by itself, which is the same work for every method."""
    sets = [
        ("training.epochs", "2"),
        ("search.channels", "4"),
        ("deploy.channels", "4"),
        ("data.limit", "300"),
    ]
    space, recipe = SPACES.get(method, "darts"), get(method, "quick")
    if space != "chain":
        depth = "2" if space == "darts" else "1"
        sets += [("search.depth", depth), ("deploy.depth", depth)]
    if recipe.select.evaluations > 6:
        sets.append(("select.evaluations", "6"))
    epochs = max(2, len(recipe.stages))
    return Request(
        space, "digits", method, epochs=epochs, sets=(*sets, ("batch", "24")), retrain=alone, archs=1, seeds=1
    )


def work(method: str, folder: str, resume: bool, alone: bool = True, together: bool = False) -> None:
    """Begins or resumes it; on one processor, so that trainings die with their job, unless ``together``."""
    torch.set_num_threads(1)
    if hasattr(os, "sched_setaffinity") and not together:
        mine = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {mine[int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % len(mine)]})
    if resume:
        planned, place = reopened(folder)
    else:
        planned = plan(request(method, alone))
        place = begin(planned, folder)
    carried_out(planned, place, every=0.0)


if __name__ == "__main__":
    work(sys.argv[1], sys.argv[2], resume=len(sys.argv) > 3)
