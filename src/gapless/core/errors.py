"""Errors: what Gapless refuses, and why.

    GaplessError
    |-- Refused              what was asked cannot be done: exit status 2
    |   |-- UnknownName      no space, method, data set, ... of that name
    |   |-- BadValue         a value outside what is allowed
    |   |-- BadData          images or labels that cannot be trained on
    |   |-- Incompatible     two parts, or a part and a space, that do not go together
    |   |-- BadRunFolder     a run folder that is foreign, newer, damaged or in use
    |   `-- Diverged         a loss or a gradient that is not finite
    `-- Interrupted          Ctrl-C, after the state was saved: exit status 130

A refusal is one line: what was expected, what was given, what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class GaplessError(Exception):
    """Root of every error that Gapless raises on purpose."""

    exit_status = 1


class Refused(GaplessError):
    """What was asked cannot be done.

    Args:
        expected: what would have been accepted, e.g. ``"a number of epochs >= 1"``.
        got: what was given, e.g. ``"-3"``.
        do: what to do about it, an imperative sentence without a full stop.
    """

    exit_status = 2

    def __init__(self, *, expected: str, got: str, do: str) -> None:
        self.expected, self.got, self.do = (" ".join(str(s).split()) for s in (expected, got, do))
        super().__init__(f"expected {self.expected}; got {self.got}; {self.do}")

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.expected, self.got, self.do))


def _rebuild(kind: type[Refused], expected: str, got: str, do: str) -> Refused:
    error = kind.__new__(kind)
    Refused.__init__(error, expected=expected, got=got, do=do)
    return error


class UnknownName(Refused):
    """No ``kind`` of that name; the nearest known name is suggested."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        known = sorted(known)
        near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.5)
        choose = f"choose one of {', '.join(known)}" if known else f"there is no {kind} to choose"
        do = f"did you mean '{near[0]}'?" if near else choose
        super().__init__(expected=f"the name of a {kind}", got=f"'{name}'", do=do)


class BadValue(Refused):
    """A value outside what is allowed."""


class BadData(Refused):
    """Images or labels that cannot be trained on."""


class Incompatible(Refused):
    """Two parts, or a part and a space, that do not go together; both are named."""


class BadRunFolder(Refused):
    """A run folder that is foreign, newer, damaged, read-only or in use."""


class Diverged(Refused):
    """A loss or a gradient that is not finite."""


class Interrupted(GaplessError):
    """The user asked to stop; everything up to the last whole step was saved."""

    exit_status = 130
