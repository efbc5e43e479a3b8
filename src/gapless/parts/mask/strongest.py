"""Strongest: at every choice the options with the largest gate values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gapless.core import Arch, Path, Space

Gates = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Strongest:
    """Where options have gates, those with the largest; at a choice of edges, the strongest edges.

    An edge is as strong as the largest gate of an operation that an architecture may have on it, so for
    DARTS: the 2 incoming edges with the largest ``max_{o != none} gate_o``, and on each the operation
    that attains it. Reference: Liu, Simonyan & Yang 2019, section 2.4. Ties go to the earlier option.
    """

    def __call__(self, choices: Space, gates: Gates) -> Arch:
        """The architecture of ``gates``, each `rows x options`."""
        rows = {
            path: (group.options, gates[group.name][row])
            for group in choices.groups()
            for row, path in enumerate(group.rows)
        }
        return _strongest(choices, rows, ())[1]


def _strongest(
    space: Space, rows: Mapping[Path, tuple[tuple[str, ...], NDArray[np.float64]]], prefix: Path
) -> tuple[float, Arch]:
    strength, picks = 1.0, {}
    for choice in space.choices:
        path = (*prefix, choice.name)
        ranked: list[tuple[float, str, Arch]] = []
        own = dict(zip(*rows[path], strict=True)) if path in rows else {}
        for option in choice.options:
            value, arch = _strongest(choice.inside(option), rows, (*path, option))
            ranked.append((float(own.get(option, value)), option, arch))
        best = sorted(ranked, key=lambda entry: -entry[0])[: choice.most]
        strength *= best[0][0]
        picks[choice.name] = {option: arch for _, option, arch in best}
    built = tuple(
        (name, tuple(sorted(options.items(), key=lambda p: p[0]))) for name, options in picks.items()
    )
    return strength, Arch(tuple(sorted(built, key=lambda p: p[0])))
