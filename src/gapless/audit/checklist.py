"""The best-practice checklist of NAS research, filled in from what a run measured.

Lindauer & Hutter 2020, sections 2 to 4, in our words. What only an author can answer, such as whether code
is published, is not asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Findings = Mapping[str, Any]
CITATION = {
    "key": "lindauer2020best",
    "bibtex": "@article{lindauer2020best,\n  author = {Marius Lindauer and Frank Hutter},\n"
    "  title = {{Best Practices for Scientific Research on Neural Architecture Search}},\n"
    "  journal = {Journal of Machine Learning Research},\n  volume = {21},\n  number = {243},\n"
    "  pages = {1--18},\n  year = {2020}\n}",
}


@dataclass(frozen=True)
class Item:
    """A practice, and how to tell from findings whether it was followed.

    Args:
        met: from findings, what shows it; an empty text where it was not followed.
        do: what would complete it.
    """

    practice: str
    met: Callable[[Findings], str]
    do: str


def _at(found: Findings, *path: str) -> Any:
    for name in path:
        if not isinstance(found, Mapping) or name not in found:
            return None
        found = found[name]
    return found


def _command(found: Findings) -> str:
    return f"`{found['command']}`, seed {_at(found, 'question', 'seed')}" if found.get("command") else ""


def _protocol(found: Findings) -> str:
    n = _at(found, "baseline", "n")
    many = f"{n} random architecture{'s' if n != 1 else ''}"
    return f"{many}, trained by the same code with the same settings" if n else ""


def _seeds(found: Findings) -> str:
    values = _at(found, "accuracy", "test", "values") or []
    return f"{len(values)} trainings of the found architecture" if len(values) > 2 else ""


def _searches(found: Findings) -> str:
    n = _at(found, "comparison", "searches") or 1
    return f"{n} searches" if n > 2 else ""


def _sampling(found: Findings) -> str:
    return "random architectures" if _at(found, "baseline", "n") else ""


def _search(found: Findings) -> str:
    k, trained = (_at(found, "verdict", name) for name in ("k", "trained"))
    return "" if k is None or trained is None or trained < k else str(_at(found, "verdict", "sentence") or "")


def _resources(found: Findings) -> str:
    cost = found.get("cost") or {}
    if "search_seconds" not in cost or "retrain_seconds" not in cost:
        return ""
    return f"search {cost['search_seconds']:.0f} s, training {cost['retrain_seconds']:.0f} s"


def _machine(found: Findings) -> str:
    there = found.get("environment") or {}
    return ", ".join(f"{k} {v}" for k, v in there.items() if isinstance(v, (str, int, float)))[:200]


def _truth(found: Findings) -> str:
    n = _at(found, "audit", "ranking", "n")
    table = _at(found, "audit", "ranking", "truth")
    return f"{n} architectures, {f'by {table}' if table else 'each trained alone'}" if n else ""


def _splits(found: Findings) -> str:
    chain = found.get("chain") or []
    return f"{chain[0]['n']} images that neither search nor training saw" if chain else ""


def _ablation(found: Findings) -> str:
    variants = _at(found, "comparison", "variants") or ()
    names = Counter(str(one).split(",")[0] for one in variants)
    name, n = next(iter(names.most_common(1)), ("", 0))
    return f"{n} variants of {name}" if n > 1 else ""


ITEMS: tuple[Item, ...] = (
    Item("The exact command and seed are known", _command, "start the search by the command line"),
    Item("Data that judge were not seen by search or training", _splits, "leave --audit on"),
    Item("All that are compared are trained alike", _protocol, "audit with --archs 3 or more"),
    Item("Compared with random architectures", _sampling, "audit with --archs 3 or more"),
    Item(
        "Compared with random search at equal cost",
        _search,
        "gapless audit DIR --archs N, N being what that cost would train",
    ),
    Item("Several trainings of the result", _seeds, "audit with --seeds 3 or more"),
    Item(
        "Several searches", _searches, "search with other seeds and put the folders beside: gapless compare"
    ),
    Item("Parts are ablated", _ablation, "gapless ablate --base METHOD --parts ..."),
    Item("Ranking of shared weights checked against a truth", _truth, "gapless audit DIR"),
    Item("The whole cost is told", _resources, "leave --retrain on"),
    Item("Machine and versions are told", _machine, "search with this version"),
)


def checklist(found: Findings) -> list[dict[str, Any]]:
    """One entry a practice: ``practice``, ``met``, what shows it, and what to do where it is not."""
    rows = []
    for item in ITEMS:
        shown = item.met(found)
        rows.append(
            {"practice": item.practice, "met": bool(shown), "shown": shown, "do": "" if shown else item.do}
        )
    return rows
