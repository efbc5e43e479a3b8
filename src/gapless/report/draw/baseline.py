"""The figure that sets the found architecture beside random ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gapless.report.draw.ink import ACCENT, FAINT, INK, PAPER, SOFT
from gapless.report.draw.sheet import Drawing, Sheet, Swatch, gridlines, twice
from gapless.report.gates import text
from gapless.report.words import count, percent, real


def draw(archs: Sequence[Mapping[str, Any]], found: Sequence[float]) -> Drawing | None:
    """One dot a random architecture, one diamond a seed of the found one; ``None`` without random ones."""
    scored = [(arch, score) for arch in archs if (score := real(arch.get("accuracy"))) is not None]
    random = [score for _, score in scored]
    if not random:
        return None
    lanes: list[tuple[str, Sequence[float], str, str, float]] = [("random", random, SOFT, "o", 9.0)]
    if found:
        lanes.append(("found", found, ACCENT, "D", 9.0))
    every = [*random, *found]
    middle = (max(every) + min(every)) / 2
    room = max(max(every) - min(every), 0.02)

    def paint(width: float) -> Sheet:
        narrow = width < 600
        left, right = (70.0, 66.0) if narrow else (120.0, 90.0)
        lane = 78.0
        sheet = Sheet(width, lane * len(lanes) + 54)
        axes = sheet.axes(left, 8, width - left - right, lane * len(lanes))
        axes.set_xlim(middle - 0.58 * room, middle + 0.58 * room)
        axes.set_ylim(len(lanes) - 0.5, -0.5)
        axes.set_yticks([])
        gridlines(axes, "x")
        axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.6g}")
        axes.locator_params(axis="x", nbins=4 if narrow else 8)
        axes.set_xlabel("accuracy, %", fontsize=11)
        for y, (name, values, colour, marker, size) in enumerate(lanes):
            mean = sum(values) / len(values)
            axes.plot([mean, mean], [y - 0.36, y + 0.36], color=INK, linewidth=1.6, zorder=3)
            offsets = spread(values, room)
            axes.plot(
                values,
                [y + offset for offset in offsets],
                marker,
                markersize=size,
                color=colour,
                markeredgecolor=PAPER,
                markeredgewidth=1.2,
                zorder=4,
            )
            height = 8 + lane * (y + 0.5)
            sheet.text(12, height - 8, name, fontsize=12, color=INK, weight="bold")
            sheet.text(12, height + 8, f"n = {len(values)}", fontsize=10.5, color=SOFT)
            sheet.text(
                width - 12, height - 8, percent(mean), ha="right", fontsize=12, color=INK, weight="bold"
            )
            sheet.text(width - 12, height + 8, "mean", ha="right", fontsize=10.5, color=SOFT)
        if len(lanes) > 1:
            axes.axhline(0.5, color=FAINT, linewidth=1)
        return sheet

    alt = f"{len(random)} random architectures reach {percent(min(random))} to {percent(max(random))}"
    if found:
        alt += f"; the found one reaches {percent(sum(found) / len(found))}"
    wide, narrow = twice("fig-baseline", alt, paint)
    legend = [Swatch("a random architecture", SOFT, "dot"), Swatch("mean", INK, "bar")]
    if found:
        legend.insert(0, Swatch("the found architecture, one mark a seed", ACCENT, "diamond"))
    table = tuple(
        (
            text(arch.get("text")) or text(arch.get("key")),
            percent(score),
            _count(arch, "params"),
            _count(arch, "macs"),
        )
        for arch, score in sorted(scored, key=lambda pair: -pair[1])
    )
    caption = (
        "Every mark is one network trained alone. Marks are moved up or down only so that they do not hide "
        "one another."
    )
    columns = ("random architecture", "accuracy", "parameters", "MACs")
    return Drawing("fig-baseline", wide, narrow, caption, tuple(legend), columns, table)


def spread(values: Sequence[float], room: float) -> list[float]:
    """Vertical offsets, in lanes, that keep marks of nearly the same value apart."""
    offsets: list[float] = []
    steps = [0.0, -0.16, 0.16, -0.3, 0.3, -0.08, 0.08, -0.23, 0.23]
    for i, value in enumerate(values):
        near = [offsets[j] for j in range(i) if abs(values[j] - value) < 0.028 * room]
        free = [step for step in steps if step not in near]
        offsets.append(free[0] if free else steps[i % len(steps)])
    return offsets


def _count(arch: Mapping[str, Any], name: str) -> str:
    value = real(arch.get(name))
    return "not recorded" if value is None else count(value)
