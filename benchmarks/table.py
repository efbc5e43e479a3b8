"""``docs/performance.md`` from ``benchmarks/results.json``: every number in it is a measured one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

NAMES = {
    "plain": "plain", "channels_last": "channels last", "torch": "fast, torch only", "fast": "fast, native",
    "weight": "weight step", "alpha1": "alpha-step, first order", "alpha2": "alpha-step, second order",
    "evaluation": "evaluation",
}  # fmt: skip

HEAD = """# Performance

Written by `make bench` from `benchmarks/results.json`; do not edit.

The plain path computes a super-network as a list of modules whose outputs are multiplied by their gate
values and added, as the published code of DARTS does. The fast paths compute the same numbers. A ratio is
the time of the plain path divided by the time of the other in the same round, processes taking turns; the
median over rounds is printed, with the least and the greatest. Absolute times are of one machine and mean
little; memory is the most that a process used, all of Python and torch included; "steps alone" leaves out
what it used before its first step.
"""


def _rows(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def _ratio(way: dict[str, Any]) -> str:
    spread = f" ({way['least']:.2f} to {way['greatest']:.2f})" if way["rounds"] > 1 else ""
    return f"{way['ratio']:.2f}{spread}"


def _seconds(value: float) -> str:
    return f"{value:.3g}"


def _super_network(net: dict[str, Any]) -> Iterable[str]:
    yield f"## A super-network of {net['config']}\n"
    rows = []
    for kind, ways in net["kinds"].items():
        for way, value in ways.items():
            plain = ways["plain"]
            whole = value["peak_mb"] / plain["peak_mb"]
            own = (value["peak_mb"] - value["start_mb"]) / (plain["peak_mb"] - plain["start_mb"])
            rows.append((
                NAMES[kind], NAMES[way], _seconds(value["seconds"]),
                "1" if way == "plain" else _ratio(value),
                f"{value['peak_mb']:.0f}", f"{whole:.2f}", f"{own:.2f}",
            ))  # fmt: skip
    yield _rows(("step", "path", "s", "times faster", "peak MB", "of plain", "steps alone"), rows) + "\n"
    kinds = net["parity"]["fast"]
    rows = [(kind, *(f"{way[kind]:.1e}" for way in net["parity"].values())) for kind in kinds]
    yield "Largest relative difference from the plain path in float64, batch 8:\n"
    yield _rows(("number", *(NAMES[way] for way in net["parity"])), rows) + "\n"


def _growth(found: dict[str, Any]) -> Iterable[str]:
    yield "## How a weight step grows\n\nFrom 8 channels, 4 cells, 7 operations, batch 32, 16x16x3.\n"
    rows = [
        (side, str(row["value"]), _seconds(row["plain"]["seconds"]), _seconds(row["fast"]["seconds"]),
         f"{row['fast']['ratio']:.2f}")
        for side, values in found.items() for row in values
    ]  # fmt: skip
    yield _rows(("side", "value", "plain, s", "fast, s", "times faster"), rows) + "\n"


def _populations(found: dict[str, Any]) -> Iterable[str]:
    yield (
        "## Scoring a population\n\n8 layers of 3 options, 28x28x1, 128 calibration and 256 validation "
        "images, one thread. One at a time is measured on 12 architectures and multiplied.\n"
    )
    rows = []
    for n, ways in found.items():
        pairs = zip(ways["single"]["losses"], ways["tree"]["losses"], strict=True)
        off = max(abs(a - b) / abs(a) for a, b in pairs)
        rows.append((
            n, _seconds(ways["single"]["seconds"]), _seconds(ways["tree"]["seconds"]), _ratio(ways["tree"]),
            f"{ways['tree']['peak_mb'] / ways['single']['peak_mb']:.2f}", f"{off:.1e}",
        ))  # fmt: skip
    header = ("architectures", "one at a time, s", "tree, s", "times faster", "memory", "losses differ by")
    yield _rows(header, rows) + "\n"


def _trainings(found: dict[str, Any]) -> Iterable[str]:
    yield (
        "## Stand-alone trainings at once\n\nSix trainings of the quick deployments of these spaces on "
        "8x8x1, 30 epochs of `darts` and 20 of `nb201`, the start of the processes included.\n"
    )
    rows = [
        (space, way, _seconds(v["seconds"]), _ratio(v), f"{v['peak_mb']:.0f}")
        for space, ways in found.items() for way, v in ways.items()
    ]  # fmt: skip
    yield _rows(("network", "way", "s", "times faster", "peak MB"), rows) + "\n"


def _searches(found: dict[str, Any]) -> Iterable[str]:
    yield (
        "## A short search\n\nThe quick preset on the embedded digits: 2 epochs, and 24 evaluations where a "
        "method evaluates; from the first step to the architecture.\n"
    )
    rows = []
    for method, ways in found.items():
        same = "yes" if ways["plain"]["arch"] == ways["fast"]["arch"] else "no"
        times = (_seconds(ways["plain"]["seconds"]), _seconds(ways["fast"]["seconds"]))
        rows.append((method, ways["space"], *times, _ratio(ways["fast"]), same))
    header = ("method", "space", "plain, s", "fast, s", "times faster", "same architecture")
    yield _rows(header, rows) + "\n"


PARTS = {
    **dict.fromkeys(("a", "b", "c", "quick"), _super_network), "growth": _growth, "populations": _populations,
    "trainings": _trainings, "searches": _searches,
}  # fmt: skip


def text(results: dict[str, Any]) -> str:
    """The whole document; what was not measured is left out."""
    machine = ", ".join(f"{name} {value}" for name, value in results["machine"].items())
    parts = [HEAD, f"Machine: {machine}.\n"]
    for name, part in PARTS.items():
        if name in results:
            parts += part(results[name])
    return "\n".join(parts)
