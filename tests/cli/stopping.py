"""The program as a process that gets Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


def stopped(words: Sequence[str], ready: Callable[[int], bool], times: int = 1) -> tuple[int, str, str]:
    """Exit status, output and errors of a process that is stopped, as in a terminal, once it is ready.

    A shell's background jobs, such as these tests may be, are born deaf to Ctrl-C; this process is not.

    Args:
        ready: whether it is, by the number of its process.
        times: Ctrl-C's, one soon after the other.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
        )
    finally:
        signal.signal(signal.SIGINT, before)
    for _ in range(6000):
        if ready(process.pid):
            break
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    for _ in range(times):
        process.send_signal(signal.SIGINT)
        time.sleep(0.005)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err
