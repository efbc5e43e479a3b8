"""Random nested spaces, and what a space means, written a second time in plain dictionaries."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations, product
from typing import Any

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from gapless.core import Arch, Choice, Space

EXAMPLES = settings(
    max_examples=50, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
LARGEST = 150

Picks = dict[str, dict[str, Any]]


OPTIONS = (("y", "x"), ("x", "z", "y"), ("x",), ("w", "x", "y", "z"), ("z", "x", "w"), ("z", "y", "x", "w"))


@st.composite
def spaces(draw: st.DrawFn, depth: int = 3, largest: int = LARGEST) -> Space:
    """Up to ``depth`` levels of choices, several picks, sub-spaces that options share, empty sub-spaces."""
    inner: list[Space | None] = [None, Space(())]
    if depth > 1:
        inner += [draw(spaces(depth - 1, 8)) for _ in range(depth - 1)] * 3
    choices: list[Choice] = []
    for name in "bac"[: draw(st.integers(1 if depth < 3 else 2, 3))]:
        names = draw(st.sampled_from(OPTIONS))
        choice = Choice(
            name,
            {option: draw(st.sampled_from(inner)) for option in names},
            pick=draw(st.integers(1, len(names)) | bounds(len(names))),
            group=draw(st.sampled_from(["", "shared"])),
            relaxed_only=draw(st.sampled_from([(), ("none",)])),
        )
        if number([*choices, choice]) <= largest:
            choices.append(choice)
    return Space(tuple(choices))


@st.composite
def spaces_with_archs(draw: st.DrawFn, archs: int) -> tuple[Any, ...]:
    """A space, and architectures of it drawn from its list."""
    space = draw(spaces())
    every = [Arch.of(picks) for picks in listed(space)]
    return space, *(draw(st.sampled_from(every)) for _ in range(archs))


def bounds(options: int) -> st.SearchStrategy[tuple[int, int]]:
    """A least and a largest number of picks of so many options."""
    both = st.tuples(st.integers(1, options), st.integers(1, options))
    return both.map(lambda pair: (min(pair), max(pair)))


def picks(choice: Choice) -> range:
    """How many options an architecture may have."""
    least, most = choice.pick if isinstance(choice.pick, tuple) else (choice.pick, choice.pick)
    return range(least, most + 1)


def generators() -> st.SearchStrategy[np.random.Generator]:
    return st.integers(0, 2**32 - 1).map(np.random.default_rng)


def number(choices: list[Choice]) -> int:
    """Architectures, counted by adding up the products over all sets of options."""
    total = 1
    for choice in choices:
        sizes: list[int] = [1 if s is None else number(list(s.choices)) for s in choice.options.values()]
        total *= sum(math.prod(chosen) for k in picks(choice) for chosen in combinations(sizes, k))
    return total


def listed(space: Space | None) -> Iterator[Picks]:
    """Every architecture, by brute force."""
    if space is None:
        yield {}
        return
    a_choice = []
    for choice in space.choices:
        ways = []
        for options in (some for k in picks(choice) for some in combinations(choice.options, k)):
            insides = product(*(list(listed(choice.options[option])) for option in options))
            ways += [dict(zip(options, inside, strict=True)) for inside in insides]
        a_choice.append(ways)
    for picked in product(*a_choice):
        yield {choice.name: way for choice, way in zip(space.choices, picked, strict=True)}


def one_edit(space: Space | None, a: Picks, b: Picks) -> bool:
    """Whether two architectures of a space differ by one edit, from the definition."""
    if space is None:
        return False
    differ = [choice for choice in space.choices if a[choice.name] != b[choice.name]]
    if len(differ) != 1:
        return False
    (choice,) = differ
    one, other = a[choice.name], b[choice.name]
    gone, come = set(one) - set(other), set(other) - set(one)
    changed = [option for option in set(one) & set(other) if one[option] != other[option]]
    if len(gone) + len(come) == 1:
        return not changed
    if not gone and not come:
        return len(changed) == 1 and one_edit(choice.options[changed[0]], one[changed[0]], other[changed[0]])
    if len(gone) != 1 or len(come) != 1 or changed:
        return False
    old, new = gone.pop(), come.pop()
    inside_old, inside_new = (choice.options[o] or Space(()) for o in (old, new))
    return inside_old != inside_new or one[old] == other[new]
