"""Errors: one line, a tree, suggestions, and a way through pickle."""

from __future__ import annotations

import copy
import inspect
import pickle

import pytest

from gapless.core import errors
from gapless.core.errors import (
    BadData,
    BadRunFolder,
    BadValue,
    Diverged,
    GaplessError,
    Incompatible,
    Interrupted,
    Refused,
    UnknownName,
)

ONE_LINE = (Refused, BadValue, BadData, Incompatible, BadRunFolder, Diverged)


@pytest.mark.parametrize("kind", ONE_LINE)
def test_a_refusal_is_one_line(kind: type[Refused]) -> None:
    error = kind(expected="a\n  number", got="\ttwo\r\nlines", do="write\u2028one")
    assert str(error) == "expected a number; got two lines; write one"
    assert (error.expected, error.got, error.do) == ("a number", "two lines", "write one")
    assert error.exit_status == 2


def test_the_tree_is_the_one_that_is_drawn() -> None:
    drawn = inspect.getdoc(errors) or ""
    kinds = {
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, Exception)
    }
    assert all(name in drawn for name in kinds)
    for kind in (*ONE_LINE, UnknownName):
        assert issubclass(kind, Refused)
        assert kind is Refused or kind.__bases__ == (Refused,)
    assert Refused.__bases__ == Interrupted.__bases__ == (GaplessError,)
    assert GaplessError.__bases__ == (Exception,)
    assert (Refused.exit_status, Interrupted.exit_status) == (2, 130)


@pytest.mark.parametrize(
    "error",
    [
        *(kind(expected="a", got="b", do="c") for kind in ONE_LINE),
        UnknownName("space", "dart", ["darts"]),
        Interrupted("saved"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_survive_pickle_and_copy(error: GaplessError) -> None:
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(other) is type(error)
        assert str(other) == str(error)
        assert vars(other) == vars(error)


def test_the_nearest_name_is_suggested() -> None:
    error = UnknownName("method", "dart", ["enas", "darts", "gdas"])
    assert str(error) == "expected the name of a method; got 'dart'; did you mean 'darts'?"


def test_all_names_are_listed_where_none_is_near() -> None:
    assert str(UnknownName("method", "zzz", {"gdas", "darts"})).endswith("choose one of darts, gdas")
    assert str(UnknownName("method", "zzz", [])).endswith("there is no method to choose")


def test_a_name_that_is_no_text_is_refused_too() -> None:
    assert "got 'None'" in str(UnknownName("method", None, ["darts"]))
