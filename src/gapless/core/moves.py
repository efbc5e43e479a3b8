"""Moves: from one or two architectures of a space to others near them.

A decision is one picked option. An edit replaces it by an option that is not picked at that choice.
What is chosen inside moves along where the new option holds the same choices; otherwise the inside
of the new option is free. Where the number of picks is free within bounds, a picked option may also be
dropped, and a place that is not taken is one more decision: it may be filled.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from gapless.core.arch import Arch
from gapless.core.errors import BadValue

if TYPE_CHECKING:
    import numpy as np

    from gapless.core.space import Path, Space


def neighbours(space: Space, arch: Arch) -> Iterator[Arch]:
    """Every architecture one edit away, each once."""
    for path, picked in decisions(space, arch):
        choice = space.choice(path)
        for option in alternatives(space, arch, path, picked):
            if option is None or picked is None:
                inners: Iterable[Arch] = (Arch(),) if option is None else choice.inside(option)
                yield from (replaced(arch, path, picked, option, inner) for inner in inners)
                continue
            same = choice.inside(option) == choice.inside(picked)
            for inner in [arch.picked_at(path)[picked]] if same else choice.inside(option):
                yield replaced(arch, path, picked, option, inner)


def mutate(space: Space, arch: Arch, rng: np.random.Generator, rate: float | None) -> Arch:
    """One random edit, or each decision edited with probability ``rate``; no edit where none is possible."""
    if rate is not None and not 0 <= rate <= 1:
        raise BadValue(
            expected="a mutation rate from 0 to 1", got=f"{rate}", do="leave it out to make exactly one edit"
        )
    movable = list(free(space, arch))
    if rate is None:
        chosen = [movable[int(rng.integers(len(movable)))]] if movable else []
    else:
        chosen = [d for d in movable if rng.random() < rate]
    # The inside of an option comes before the option, or its edits would be lost with the option.
    for path, picked in reversed(chosen):
        choice = space.choice(path)
        options = alternatives(space, arch, path, picked)
        option = options[int(rng.integers(len(options)))]
        if option is None:
            inner = Arch()
        elif picked is not None and choice.inside(option) == choice.inside(picked):
            inner = arch.picked_at(path)[picked]
        else:
            inner = choice.inside(option).sample(rng)
        arch = replaced(arch, path, picked, option, inner)
    return arch


def crossover(space: Space, a: Arch, b: Arch, rng: np.random.Generator) -> Arch:
    """Each choice, with all that is inside it, from one parent or the other with equal probability."""
    parents = [(choice.name, (a, b)[int(rng.integers(2))]) for choice in space.choices]
    return Arch(tuple((name, tuple(parent[name].items())) for name, parent in parents))


def decisions(space: Space, arch: Arch, prefix: Path = ()) -> Iterator[tuple[Path, str | None]]:
    """Path and option of everything that is picked; an option before what is inside it.

    A place that may be taken and is not comes last of its choice, as None.
    """
    for choice in space.choices:
        path = (*prefix, choice.name)
        for option in choice.options:
            if option in arch[choice.name]:
                yield path, option
                yield from decisions(choice.inside(option), arch[choice.name][option], (*path, option))
        if len(arch[choice.name]) < choice.most:
            yield path, None


def free(space: Space, arch: Arch, prefix: Path = ()) -> Iterator[tuple[Path, str | None]]:
    """The `decisions` that have `alternatives`, in the same order."""
    for choice in space.choices:
        path, picked = (*prefix, choice.name), arch[choice.name]
        movable = choice.least < len(picked) or len(picked) < len(choice.options)
        for option in choice.options:
            if option in picked:
                if movable:
                    yield path, option
                if choice.options[option] is not None:
                    yield from free(choice.inside(option), picked[option], (*path, option))
        if len(picked) < choice.most:
            yield path, None


def alternatives(space: Space, arch: Arch, path: Path, old: str | None) -> list[str | None]:
    """The options at a path that are not picked, and None where ``old`` may be dropped."""
    picked, choice = arch.picked_at(path), space.choice(path)
    others: list[str | None] = [option for option in choice.options if option not in picked]
    return [*others, None] if old is not None and len(picked) > choice.least else others


def replaced(arch: Arch, path: Path, old: str | None, new: str | None, inner: Arch) -> Arch:
    """The architecture with another option picked at a path; either may be None."""
    name = path[0]
    if len(path) == 1:
        options = {option: kept for option, kept in arch[name].items() if option != old}
        options |= {} if new is None else {new: inner}
    else:
        options = {**arch[name], path[1]: replaced(arch[name][path[1]], path[2:], old, new, inner)}
    rest = tuple(pair for pair in arch.picks if pair[0] != name)
    return Arch((*rest, (name, tuple(options.items()))))
