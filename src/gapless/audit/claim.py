"""Two variants in one sentence: which is better, by how much, and whether that can be said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gapless.audit.chain import TITLES
from gapless.audit.measures import TEST
from gapless.audit.noise import ALPHA

HEADLINES = (TEST, *reversed(TITLES))
"""What a claim is made about: the first of these that both variants have."""

FEWEST = 4
"""Seeds of each with which a rank test can give a p below 0.05 at all: 2 / C(8, 4) = 0.029."""


def headline(measures: Mapping[str, Any]) -> str | None:
    """Name of the accuracy that a claim is made about; None where there is none."""
    return next((name for name in HEADLINES if name in measures), None)


def sentence(pair: Mapping[str, Any]) -> str:
    """What a pair of `gapless.audit.comparison.comparison` says about the accuracy that matters most."""
    name = headline(pair["measures"])
    a, b = f"'{pair['a']}'", f"'{pair['b']}'"
    if name is None:
        return f"{a} and {b} have no accuracy that both were measured for."
    found = pair["measures"][name]
    size, where = found["difference"]["mean"], "test accuracy" if name == TEST else f"accuracy {name}"
    text = f"{b} is {abs(100 * size):.1f} points {'better' if size > 0 else 'worse'} than {a} in {where}"
    if not size:
        text = f"{a} and {b} are equal in {where}"
    reach = found["difference"]
    if reach["low"] is None:
        return f"{text}; a single seed cannot say whether that is luck."
    text += f" (95 % {_points(reach['low'])} to {_points(reach['high'])}, p = {_p(found['p'])}"
    several = found["adjusted"] > found["p"]
    text += f", {_p(found['adjusted'])} for all pairs" if several else ""
    seeds = f"{found['common seeds']} seeds" if found["paired"] else "{} and {} seeds".format(*found["seeds"])
    text += f"; {found['test']}, {seeds})"
    shown = found["adjusted"] < ALPHA
    text += "; that is more than luck" if shown else "; that may be luck"
    if found["least"] >= ALPHA:
        text += f" (so few seeds cannot give a p below {_p(found['least'])})"
    if found["flips"] is not None:
        text += f"; one seed of each would say the opposite in {100 * found['flips']:.0f} % of cases"
    if found["seeds needed"] and not shown:
        n = max(FEWEST, found["seeds needed"])
        text += (
            f", about {n:,} seeds of each would show it" if n < 10_000 else ", no feasible number shows it"
        )
    return f"{text}."


def _points(value: float) -> str:
    return f"{100 * value:+.1f}"


def _p(value: float) -> str:
    return f"{value:.2f}" if value >= 0.1 else f"{value:.3f}" if value >= 0.001 else f"{value:.0e}"
