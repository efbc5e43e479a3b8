"""Two variants in one sentence: which is better, by how much, and whether that can be said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gapless.audit.chain import TITLES
from gapless.audit.measures import TEST
from gapless.audit.noise import ALPHA
from gapless.audit.rank_tests import DIGITS

HEADLINES = (TEST, *reversed(TITLES))
"""What a claim is made about: the first of these that both variants have."""

MANY = 10_000
"""Seeds that nobody searches with."""


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
    points = f"{abs(100 * size):.1f}"
    text = f"{b} is {points} points {'better' if size > 0 else 'worse'} than {a} in {where}"
    if points == "0.0":
        close = "less than 0.1 points apart" if round(size, DIGITS) else "equal"
        text = f"{a} and {b} are {close} in {where}"
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
    needed = found["common seeds needed" if found["paired"] else "seeds needed"]
    if needed and not shown and needed > min(found["seeds"]):
        text += (
            f", about {needed:,} seeds of each would show it"
            if needed < MANY
            else ", no feasible number shows it"
        )
    return f"{text}."


def _points(value: float) -> str:
    return f"{100 * value:+.1f}"


def _p(value: float) -> str:
    return f"{value:.2f}" if value >= 0.1 else f"{value:.3f}" if value >= 0.001 else f"{value:.0e}"
