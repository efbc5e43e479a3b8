"""The figure of the scored sub-networks: accuracy against multiply-accumulate operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.ticker import MaxNLocator, NullFormatter

from gapless.report.draw.ink import ACCENT, INK, PAPER, SOFT
from gapless.report.draw.sheet import Drawing, Sheet, Swatch, gridlines, twice
from gapless.report.gates import text
from gapless.report.words import count, percent, real


def front(scored: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Pairs ``(MACs, accuracy)`` that no other pair beats in both, cheapest first."""
    best: list[tuple[float, float]] = []
    for macs, accuracy in sorted(scored, key=lambda pair: (pair[0], -pair[1])):
        if not best or accuracy > best[-1][1]:
            best.append((macs, accuracy))
    return best


def draw(candidates: Sequence[Mapping[str, Any]], chosen: str | None) -> Drawing | None:
    """One dot a sub-network, the chosen one ringed; ``None`` where none has both numbers.

    Its height is its standing among all where the method goes by one, else its accuracy.
    """
    scored, ranked = [], any(real(entry.get("standing")) is not None for entry in candidates)
    for entry in candidates:
        macs, accuracy = real(entry.get("macs")), real(entry.get("standing" if ranked else "accuracy"))
        if macs is not None and accuracy is not None and macs > 0:
            scored.append((text(entry.get("key")), macs, accuracy, real(entry.get("params"))))
    if not scored:
        return None
    best = front([(macs, accuracy) for _, macs, accuracy, _ in scored])
    picked = [(macs, accuracy) for key, macs, accuracy, _ in scored if chosen and key == chosen][:1]
    log = max(macs for _, macs, _, _ in scored) > 20 * min(macs for _, macs, _, _ in scored)

    def paint(width: float) -> Sheet:
        narrow = width < 600
        sheet = Sheet(width, 300 if narrow else 360)
        axes = sheet.axes(52, 14, width - 52 - 24, sheet.height - 14 - 46)
        gridlines(axes, "y")
        if log:
            axes.set_xscale("log")
            axes.xaxis.set_minor_formatter(NullFormatter())
        else:
            axes.xaxis.set_major_locator(MaxNLocator(4 if narrow else 7))
        axes.step(
            [p[0] for p in best],
            [100 * p[1] for p in best],
            where="post",
            color=ACCENT,
            linewidth=1.4,
            zorder=2,
        )
        axes.plot(
            [macs for _, macs, _, _ in scored],
            [100 * accuracy for _, _, accuracy, _ in scored],
            "o",
            markersize=7.5,
            color=SOFT,
            alpha=0.75,
            markeredgecolor=PAPER,
            markeredgewidth=0.8,
            zorder=3,
        )
        for macs, accuracy in picked:
            axes.plot(
                [macs], [100 * accuracy], "o", markersize=13, markerfacecolor="none", markeredgecolor=INK,
                markeredgewidth=2.2, zorder=5,
            )  # fmt: skip
            axes.plot([macs], [100 * accuracy], "o", markersize=6, color=ACCENT, zorder=6)
        axes.margins(x=0.05, y=0.1)
        axes.xaxis.set_major_formatter(lambda value, _: _short(value))
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:.4g}%")
        axes.set_xlabel("MACs for one image" + (", logarithmic" if log else ""), fontsize=11)
        return sheet

    scores = [accuracy for _, _, accuracy, _ in scored]
    alt = f"{len(scored)} sub-networks, {percent(min(scores))} to {percent(max(scores))}"
    wide, narrow = twice("fig-candidates", alt, paint)
    caption = (
        "Each dot is a sub-network scored during the search. Further left is cheaper to run, further up is "
        "better; the line joins those that no other beats in both. MACs are multiply-accumulate operations."
    )
    if ranked:
        caption += " Height is the geometric mean of its ranks by the scores that vote, from 0 to 100 %."
    if chosen and not picked:
        caption += " The chosen architecture is not among them."
    legend = [Swatch("a sub-network", SOFT, "dot"), Swatch("best for its cost", ACCENT, "line")]
    if picked:
        legend.append(Swatch("chosen", INK, "ring"))
    top = sorted(scored, key=lambda s: -s[2])[:20]
    table = tuple(
        (key, percent(accuracy), count(macs), "not recorded" if params is None else count(params))
        for key, macs, accuracy, params in top
    )
    columns = (
        "best 20" if len(scored) > 20 else "key",
        "mean rank" if ranked else "accuracy",
        "MACs",
        "parameters",
    )
    return Drawing("fig-candidates", wide, narrow, caption, tuple(legend), columns, table)


def _short(value: float) -> str:
    for scale, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= scale:
            return f"{value / scale:.3g} {name}"
    return f"{value:.3g}"
