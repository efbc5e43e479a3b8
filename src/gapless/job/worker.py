"""A process that does stand-alone trainings for a job: ``python -m gapless.job.worker``, see `crew`.

It reads pickled messages from standard input, a plan and then errands one by one, and writes one line of
JSON for every few steps and for every record. Standard input that ends unannounced means that the job is
gone: the worker goes too, at once, and leaves the folder to whoever resumes.
"""

from __future__ import annotations

import json
import os
import pickle
import queue
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import torch

from gapless.core.errors import GaplessError, Refused
from gapless.engine.folder import RunFolder
from gapless.job.alone import Errand, Setting, trained
from gapless.job.interrupt import listening
from gapless.job.limits import refusing_memory_errors
from gapless.job.show import Advance

EVERY = 0.2
ANSWERS = sys.stdout
"""Where lines of JSON go; what a module of the user's prints goes to standard error."""


class Lines:
    """Progress as lines of JSON."""

    def __init__(self) -> None:
        self.last = 0.0

    @contextmanager
    def track(self, title: str, total: int, done: int = 0) -> Iterator[Advance]:
        def advance(note: str, n: int = 1) -> None:
            nonlocal done
            done += n
            if time.monotonic() - self.last >= EVERY or done == total:
                self.last = time.monotonic()
                tell("steps", done)

        tell("steps", done)
        yield advance

    def say(self, line: str) -> None:
        print(line, file=sys.stderr)


def tell(kind: str, value: Any) -> None:
    print(json.dumps([kind, value]), file=ANSWERS, flush=True)


def messages(stream: BinaryIO) -> queue.Queue[Any]:
    """Messages as they come, None at the announced end."""
    found: queue.Queue[Any] = queue.Queue()

    def read() -> None:
        while True:
            try:
                message = pickle.load(stream)
            except (EOFError, pickle.UnpicklingError):  # at the end of a message, or in the middle of one
                os._exit(1)
            found.put(message)
            if message is None:
                return

    threading.Thread(target=read, daemon=True).start()
    return found


def main() -> None:
    sys.stdout = sys.stderr
    inbox = messages(sys.stdin.buffer)
    setting: Setting = inbox.get()
    torch.set_num_threads(setting.threads)
    try:
        planned = setting.plan()
    except Exception as error:
        tell("unfit", f"{type(error).__name__}: {error}")
        return
    folder, show = RunFolder.open(setting.folder), Lines()
    with listening() as stopper:
        while not stopper.asked:
            try:
                errand: Errand | None = inbox.get(timeout=EVERY)
            except queue.Empty:
                continue
            if errand is None:
                return
            try:
                with refusing_memory_errors():
                    tell("record", trained(errand, planned, folder, "", show, stopper, setting.every))
            except Refused as error:
                about = {"expected": error.expected, "got": error.got, "do": error.do}
                tell("refused", [type(error).__name__, about])
            except GaplessError:  # stopped: everything is stored
                return
            except Exception:
                tell("failed", traceback.format_exc())


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # the thread that reads would be in the way of an orderly end
