"""Whether shared weights rank as training alone does, and the search's shape as the deployment's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gapless.report.blocks import block
from gapless.report.terms.told import UNKNOWN, Told, estimate, size
from gapless.report.words import SPACE, percent, real

LEVEL, LEAST_P = 0.05, 0.001
LEAST = 30
"""Sub-networks below which the best tenth are too few to rank."""
SCORES = {
    "recalibrated": "statistics recalibrated", "kept": "statistics kept",
    "judged": "the method's own judgement",
}  # fmt: skip


def told(found: Mapping[str, Any]) -> Told | None:
    """None where nothing was measured."""
    scored = {name: block(found, name) for name in SCORES if block(found, name, "tau")}
    if not scored:
        return None
    name, judged = next(iter(scored.items()))
    tau, n = block(judged, "tau"), real(judged.get("n"))
    if real(tau.get("value")) is None:
        lead = f"{_so_many(n)} give no ranking to compare: one of the two scores is equal throughout."
    else:
        lead = (
            f"Shared weights, {SCORES[name]}, rank {_so_many(n)} with Kendall's tau-b {estimate(tau)} "
            f"against {_truth(found)}. {_sure(judged)}"
        )
    more = []
    own = block(scored.get("judged", {}), "tau")
    if real(own.get("value")) is not None:
        more.append(f"All that the method goes by together ranks them with {estimate(own)}.")
    cost = real(block(judged, "regret").get("1"))
    if cost is not None:
        below = f"{size(cost)} below" if cost > 0 else "as good as"
        more.append(f"The one that shared weights like best is {below} the best one.")
    more.append(
        f"In parentheses are 95{SPACE}% intervals over architectures, by the bootstrap; for a few they "
        "are too short. The p-value is that of scores dealt at random, in either direction."
    )
    titles = tuple(SCORES[name] for name in scored)
    return Told(lead, (" ".join(more),), ("statistic", *titles), _table(tuple(scored.values())))


def deployment(found: Mapping[str, Any]) -> Told | None:
    """The ranking of the search's shape against that of the deployment's; None where not measured."""
    tau = block(found, "tau")
    if not tau:
        return None
    n = _so_many(real(found.get("n")))
    if real(tau.get("value")) is None:
        return Told(f"{n}, trained alone in both shapes, give no ranking to compare.")
    return Told(
        f"Trained alone in the search's shape and in the deployment's, {n} are ranked alike with Kendall's "
        f"tau-b {estimate(tau)}. {_sure(found)}",
        (),
        ("statistic", "search shape against deployment shape"),
        _table((found,)),
    )


def _truth(found: Mapping[str, Any]) -> str:
    table = found.get("truth")
    return f"their accuracies in {table}" if isinstance(table, str) else "training each alone"


def _so_many(n: float | None) -> str:
    return "sub-networks" if n is None else f"{n:.0f} sub-networks"


def _sure(judged: Mapping[str, Any]) -> str:
    chance = real(judged.get("chance"))
    if chance is None:
        return "How much of that is chance is not known."
    if chance < LEVEL:
        exact = f"p = {chance:.3f}" if chance >= LEAST_P else f"p < {LEAST_P}"
        way = "the opposite order, and " if (real(block(judged, "tau").get("value")) or 0) < 0 else ""
        return f"That is {way}more than chance ({exact})."
    return f"That may be chance (p = {chance:.2f})."


def _table(scored: tuple[Mapping[str, Any], ...]) -> tuple[tuple[str, ...], ...]:
    """One row a statistic that any of the scorings has, one column a scoring."""
    table = [(title, *(estimate(one.get(name)) for one in scored)) for name, title in _WHOLE.items()]
    for part, title, say in _PARTS:
        for name in _keys(scored, part):
            cells = (say(block(one, part).get(name)) for one in scored)
            n = real(scored[0].get("n")) if part == "precision" else None
            drawn = f" (by chance {percent(min(1.0, int(name) / n))})" if n and name.isdigit() else ""
            table.append((title.format(_called(name)) + drawn, *cells))
    few = all((real(one.get("n")) or 0) < LEAST for one in scored)
    told = (row for row in table if any(cell != UNKNOWN for cell in row[1:]))
    return tuple(row for row in told if not (few and row[0] == _WHOLE["top decile"]))


def _keys(scored: tuple[Mapping[str, Any], ...], part: str) -> list[str]:
    return list(dict.fromkeys(str(name) for one in scored for name in block(one, part)))


def _called(name: str) -> str:
    return name.replace("macs", "MACs").replace("params", "parameters")


def _share(value: Any) -> str:
    found = real(value)
    return UNKNOWN if found is None else percent(found)


_WHOLE = {
    "tau": "Kendall's tau-b",
    "spearman": "Spearman's rho",
    "top decile": "tau-b among the best tenth",
}
_PARTS: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("partial", "tau-b, {} held fixed", estimate),
    ("cost alone", "tau-b of {} alone", estimate),
    ("regret", "regret of the best of the top {}", size),
    ("precision", "share of the top {} that are truly there", _share),
)
