"""Ctrl-C: noted at once, obeyed when the state is whole."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass
class Stopper:
    """Whether someone asked to stop."""

    asked: bool = False


@contextmanager
def listening(stopper: Stopper | None = None) -> Iterator[Stopper]:
    """Within, the first Ctrl-C (or SIGTERM) only sets ``asked``; a second Ctrl-C stops at once.

    Args:
        stopper: whose ``asked``; a new one where None.
    """
    stopper = Stopper() if stopper is None else stopper
    if threading.current_thread() is not threading.main_thread():
        yield stopper
        return

    def note(number: int, frame: FrameType | None) -> None:
        if stopper.asked:
            raise KeyboardInterrupt
        stopper.asked = True

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopper
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
