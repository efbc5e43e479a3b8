"""A small search in a process of its own, to be killed."""

import os
import sys

import torch

from gapless.job.job import begin, carried_out, reopened
from gapless.job.plan import plan
from gapless.job.request import Request

SPACES = {"darts": "darts", "darts-2nd": "darts", "random": "nb201", "spos": "chain", "fairnas": "nb201"}


def request(method: str) -> Request:
    sets = [
        ("training.epochs", "2"),
        ("search.channels", "4"),
        ("deploy.channels", "4"),
        ("data.limit", "300"),
    ]
    space = SPACES[method]
    if space != "chain":
        depth = "2" if space == "darts" else "1"
        sets += [("search.depth", depth), ("deploy.depth", depth)]
    if method not in ("darts", "darts-2nd"):
        sets.append(("select.evaluations", "6"))
    return Request(space, "digits", method, epochs=2, sets=(*sets, ("batch", "24")), archs=1, seeds=1)


def work(method: str, folder: str, resume: bool) -> None:
    torch.set_num_threads(1)
    if hasattr(os, "sched_setaffinity"):  # one processor, so that trainings are killed with their job
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    if resume:
        planned, place = reopened(folder)
    else:
        planned = plan(request(method))
        place = begin(planned, folder)
    carried_out(planned, place, every=0.0)


if __name__ == "__main__":
    work(sys.argv[1], sys.argv[2], resume=len(sys.argv) > 3)
