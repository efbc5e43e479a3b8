"""Super-network sub-optima in words, and the share of survivors that have no parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gapless.report.blocks import block
from gapless.report.terms.told import Told, change, counted, number
from gapless.report.words import percent, real, tenths


def told(found: Mapping[str, Any]) -> Told | None:
    """None where nothing was measured."""
    before, after = (real(block(found, side).get("accuracy")) for side in ("before", "after"))
    if before is None or after is None:
        return None
    epochs = real(found.get("epochs"))
    long = "further" if epochs is None else f"for {counted(int(epochs), 'more epoch')}"
    start, end = percent(before), percent(after)
    lead = (
        f"Training the shared weights {long}, with alpha held still, takes the super-network from {start} "
        f"to {end}: {change((tenths(after) - tenths(before)) / 1000)}."
    )
    more = []
    losses = [real(block(found, side).get("loss")) for side in ("before", "after")]
    if None not in losses:
        more.append(f"Its loss goes from {number(losses[0], 3)} to {number(losses[1], 3)} nats.")
    more.append(
        "A gain is the least that the weights were short of their best when alpha was read off; where there "
        "is no gain, longer training might still find one."
    )
    return Told(lead, (" ".join(more),))


def counts(found: Mapping[str, Any]) -> Told | None:
    """How often each operation was trained; None where the mixture was trained as a whole."""
    options, spread = block(found, "options"), real(found.get("spread"))
    rows = [(str(option), one) for option, one in options.items() if isinstance(one, Mapping)]
    if not rows or spread is None:
        return None
    most, least = (f"{name} in {number(one.get('mean'), 1)}" for name, one in (rows[0], rows[-1]))
    lead = (
        f"In the mean of the choices that have them, {most} of the paths that were trained and {least}."
        if spread
        else _fair([one for _, one in rows])
    )
    more = (
        "Within one choice the most trained option was ahead of the least trained one by up to "
        f"{percent(spread)} of the mean; under strict fairness that is 0."
    )
    digits = {"mean": 1, "least": 0, "most": 0}
    table = tuple((name, *(number(one.get(k), n) for k, n in digits.items())) for name, one in rows)
    return Told(lead, (more,), ("operation", "paths, mean over choices", "least", "most"), table)


def _fair(options: list[Mapping[str, Any]]) -> str:
    """Counts that are equal within each choice; choices may differ, as one that lies in an option does."""
    seen = [
        value for one in options for end in ("least", "most") if (value := real(one.get(end))) is not None
    ]
    if not seen or min(seen) == max(seen):
        often = number(options[0].get("mean"), 1)
        return f"Every option was in {often} of the paths that were trained: no choice favoured any."
    return (
        "Within every choice all options were in equally many of the paths that were trained, in "
        f"{number(min(seen), 0)} to {number(max(seen), 0)} of them, by choice: no choice favoured any."
    )


def survivors(found: Mapping[str, Any]) -> Told | None:
    """How many of the chosen operations have no parameters; None where that was not counted."""
    none, every = real(found.get("free")), real(found.get("survivors"))
    if none is None or every is None:
        return None
    if not every:
        return Told("No operation of this architecture was chosen.")
    return Told(
        f"{none:.0f} of the {counted(int(every), 'chosen operation')} "
        f"({percent(none / every)}) {'has' if none == 1 else 'have'} no parameters."
        if every != 1
        else f"The one chosen operation has {'no ' if none else ''}parameters."
    )
