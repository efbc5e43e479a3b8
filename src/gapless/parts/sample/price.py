"""Price: what an architecture costs, and the cheapest and the dearest of a space."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from gapless.core import Arch, Choice, Path, Space
from gapless.parts.contract import Active, Gates

Rows = Mapping[Path, Mapping[str, float]]


def price(active: Active, costs: Gates) -> float:
    """The sum of what its operations cost; ``costs`` is `rows x options` for each group."""
    return float(sum((costs[name] * table).sum() for name, table in active.items()))


def extreme(choices: Space, costs: Gates, dearest: bool) -> Arch:
    """The architecture that costs most, or least; of equal ones the one of the earlier options."""
    return _extreme(choices, (), _rows(choices, costs), -1 if dearest else 1)[1]


def dearest_inside(choices: Space, costs: Gates) -> Callable[[Path, str], Arch]:
    """What an option at the path of its choice costs most with."""
    rows = _rows(choices, costs)
    return lambda path, option: _extreme(choices.choice(path).inside(option), (*path, option), rows, -1)[1]


def ranked(choices: Space, costs: Gates) -> dict[Path, list[str]]:
    """Options of every choice, the dearest first, each with the dearest that it may hold."""
    return dict(_ranked(choices, (), _rows(choices, costs)))


def _ranked(space: Space, prefix: Path, rows: Rows) -> Iterator[tuple[Path, list[str]]]:
    for choice in space.choices:
        path = (*prefix, choice.name)
        yield path, [option for _, option, _ in _priced(choice, path, rows, -1)]
        for option in choice.options:
            yield from _ranked(choice.inside(option), (*path, option), rows)


def _rows(choices: Space, costs: Gates) -> Rows:
    return {
        path: dict(zip(group.options, costs[group.name][row].tolist(), strict=True))
        for group in choices.groups()
        for row, path in enumerate(group.rows)
    }


def _extreme(space: Space, prefix: Path, rows: Rows, sign: int) -> tuple[float, Arch]:
    total, picks = 0.0, []
    for choice in space.choices:
        best = _priced(choice, (*prefix, choice.name), rows, sign)[: choice.most]
        total += sum(cost for cost, _, _ in best)
        picks.append((choice.name, tuple((option, arch) for _, option, arch in best)))
    return total, Arch(tuple(picks))


def _priced(choice: Choice, path: Path, rows: Rows, sign: int) -> list[tuple[float, str, Arch]]:
    """Options with their costs and what they hold at these, sorted; dearest first with a sign of -1."""
    found = []
    for option in choice.options:
        cost, inner = _extreme(choice.inside(option), (*path, option), rows, sign)
        found.append((cost + rows.get(path, {}).get(option, 0.0), option, inner))
    return sorted(found, key=lambda entry: sign * entry[0])
