"""The luck of the seed in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gapless.report.blocks import block
from gapless.report.terms.told import UNKNOWN, Told, change, counted, estimate, size
from gapless.report.words import percent, real


def told(found: Mapping[str, Any]) -> Told | None:
    """None where nothing was measured, or too little."""
    seeds, archs, flips = (block(found, name) for name in ("sd of seeds", "sd of archs", "flips"))
    if real(seeds.get("value")) is None or real(flips.get("value")) is None:
        return None
    lead = (
        f"Another seed moves an architecture's accuracy by {size(seeds.get('value'))} (standard deviation); "
        f"architectures differ by {size(archs.get('value'))}. One training each puts two of them in the "
        f"wrong order with probability {percent(flips['value'])}."
    )
    flipped, more = real(found.get("flipped")), []
    if flipped is not None:
        more.append(
            f"Counted over those trained with several seeds, trainings disagree about {percent(flipped)} of "
            "pairs. That probability takes accuracies as normal: where the count is much higher, a few poor "
            "architectures make the spread look wide, and the good ones are closer than it says."
        )
    needed, lead_of = real(found.get("seeds for the lead")), real(found.get("lead"))
    if needed is not None and lead_of is not None:
        more.append(
            f"The best of them leads by {size(lead_of)}: to show that, each of the two takes "
            f"{counted(int(needed), 'training')} (power 0.8, level 0.05)."
        )
    one_point = real(found.get("seeds for one point"))
    if one_point is not None:
        more.append(f"To show a difference of one point takes {counted(int(one_point), 'training')} of each.")
    points = "points, standard deviation over "
    table = [
        (f"{points}seeds", estimate(seeds, 100)),
        (f"{points}architectures", estimate(archs, 100)),
        ("wrong order, by these spreads, %", estimate(flips, 100, 1)),
        ("two trainings disagree, counted", UNKNOWN if flipped is None else percent(flipped)),
        ("lead of the best", change(lead_of)),
        ("architectures", _whole(found.get("archs"))),
        ("trainings", _whole(found.get("trainings"))),
    ]
    return Told(lead, (" ".join(more),) if more else (), ("quantity", "value (95 % interval)"), tuple(table))


def _whole(value: Any) -> str:
    found = real(value)
    return UNKNOWN if found is None else f"{found:,.0f}"
