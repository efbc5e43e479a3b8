"""Explorers by name: those of `gapless.explore`, and ``optuna:NAME`` for every sampler of Optuna."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gapless import explore
from gapless.explore.contract import Explorer

OPTUNA = "optuna"


def get(name: str, settings: Mapping[str, Any] | None = None) -> Explorer:
    """The explorer of that name.

    Raises:
        UnknownName: with the nearest name as a suggestion.
        BadValue: a setting that it does not have.
    """
    kind, colon, sampler = name.partition(":")
    if colon and kind == OPTUNA:
        from gapless.study.borrowed import Borrowed, known

        return Borrowed(known(sampler), **(settings or {}))
    return explore.get(name, **(settings or {}))


def objectives(explorer: Explorer) -> tuple[str, ...]:
    """Metrics that it maximises and costs that it minimises."""
    return tuple(getattr(explorer, "objectives", ("accuracy",)))
