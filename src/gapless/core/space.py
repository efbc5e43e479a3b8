"""Space: what an architecture may be, as nested choices.

    Choice   pick k distinct options of several named ones; an option may hold a Space of its own
    Space    independent choices side by side

Sizes are exact integers. `at` and `index` number the architectures 0 .. size-1 without listing them,
so a uniform draw is the architecture of a uniform number.
"""

from __future__ import annotations

import operator
import reprlib
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gapless.core import encoding, membership, moves, narrow
from gapless.core.arch import Arch
from gapless.core.errors import BadValue, UnknownName
from gapless.core.groups import Group, grouped
from gapless.core.streams import below

__all__ = ["EMPTY", "Choice", "Group", "Path", "Space"]

Path = tuple[str, ...]
CHECKED = 4096


@dataclass(frozen=True)
class Choice:
    """Pick ``pick`` distinct options.

    Args:
        name: unique among the choices beside it.
        options: option name to the `Space` inside it, or None.
        pick: how many options an architecture has here; a pair (least, most) where it may have any
            number between, both included. A pair of equal numbers is kept as that number.
        group: leaf choices of one group are rows of one table of architecture parameters; the
            choice's own name where not given.
        relaxed_only: further columns of that table that no architecture can have, such as the
            ``none`` operation of DARTS, which competes in the softmax and never survives.
        node: what a leaf choice is one of several inputs of; leaf choices beside it that name the same
            node enter it together. Where not given, the choice that it lies in; itself on the top level.
        gated: whether a choice whose options hold choices is a row of a table too, so that a relaxation gives
            its options values of their own; a leaf choice always is.

    Raises:
        BadValue: no options, fewer options than picks, a name given twice, or values of another type.
    """

    name: str
    options: Mapping[str, Space | None] = field(hash=False)
    pick: int | tuple[int, int] = 1
    group: str = ""
    relaxed_only: tuple[str, ...] = ()
    node: str = ""
    gated: bool = False

    def __post_init__(self) -> None:
        _check_types(self)
        object.__setattr__(self, "options", dict(self.options))
        object.__setattr__(self, "relaxed_only", tuple(self.relaxed_only))
        if not self.options:
            raise BadValue(
                expected=f"at least one option at choice '{self.name}'",
                got="none",
                do="give it an option, or leave the choice out of the space",
            )
        if not 1 <= self.least <= self.most <= len(self.options):
            raise BadValue(
                expected=f"between 1 and {len(self.options)} picks at choice '{self.name}'",
                got=f"{self.pick}",
                do="keep at least as many options as are picked",
            )
        if self.least == self.most:
            object.__setattr__(self, "pick", self.least)
        names = [*self.options, *self.relaxed_only]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise BadValue(
                expected=f"distinct names in options and relaxed_only of choice '{self.name}'",
                got=f"{', '.join(twice)} twice",
                do="list each name once",
            )

    @property
    def least(self) -> int:
        """The smallest number of options that an architecture has here."""
        return self.pick[0] if isinstance(self.pick, tuple) else self.pick

    @property
    def most(self) -> int:
        """The largest number of options that an architecture has here."""
        return self.pick[1] if isinstance(self.pick, tuple) else self.pick

    def inside(self, option: str) -> Space:
        """What is chosen inside an option; a space without choices where nothing is.

        Raises:
            UnknownName: the choice has no such option.
        """
        if option not in self.options:
            raise UnknownName(f"option of choice '{self.name}'", option, self.options)
        return self.options[option] or EMPTY

    @cached_property
    def leaf(self) -> bool:
        """True where no option holds choices of its own."""
        return not any(self.inside(option).choices for option in self.options)

    @cached_property
    def _sizes(self) -> tuple[int, ...]:
        return tuple(self.inside(option).size() for option in self.options)

    @cached_property
    def _ways(self) -> tuple[tuple[int, ...], ...]:
        """``ways[i][k]``: architectures that pick k of the options from number i on."""
        ways = [(1,) + (0,) * self.most]
        for size in reversed(self._sizes):
            last = ways[-1]
            ways.append((1, *(last[k] + size * last[k - 1] for k in range(1, self.most + 1))))
        return tuple(reversed(ways))

    def size(self) -> int:
        """Number of ways to pick here, with all that is chosen inside, exact."""
        return sum(self._ways[0][self.least :])

    def _at(self, number: int) -> tuple[tuple[str, Arch], ...]:
        picked, left = [], self.least
        while number >= self._ways[0][left]:
            number -= self._ways[0][left]
            left += 1
        for i, option in enumerate(self.options):
            if not left:
                break
            with_it = self._sizes[i] * self._ways[i + 1][left - 1]
            if number < with_it:
                number, own = divmod(number, self._sizes[i])
                picked.append((option, self.inside(option).at(own)))
                left -= 1
            else:
                number -= with_it
        return tuple(picked)

    def _index(self, picked: Mapping[str, Arch]) -> int:
        number, scale, left = sum(self._ways[0][self.least : len(picked)]), 1, len(picked)
        for i, option in enumerate(self.options):
            if not left:
                break
            if option in picked:
                number += scale * self.inside(option).index(picked[option])
                scale *= self._sizes[i]
                left -= 1
            else:
                number += scale * self._sizes[i] * self._ways[i + 1][left - 1]
        return number


@dataclass(frozen=True)
class Space:
    """Independent choices side by side; an architecture decides every one of them.

    Raises:
        BadValue: two choices of one name, or something that is no choice.
    """

    choices: tuple[Choice, ...]

    def __post_init__(self) -> None:
        listed = isinstance(self.choices, (tuple, list))
        if not listed or not all(isinstance(choice, Choice) for choice in self.choices):
            raise BadValue(
                expected="a tuple of choices",
                got=reprlib.repr(self.choices),
                do="write Space((Choice(...),))",
            )
        object.__setattr__(self, "choices", tuple(self.choices))
        names = [choice.name for choice in self.choices]
        if len(set(names)) != len(names):
            raise BadValue(
                expected="choices with distinct names", got=", ".join(names), do="rename one of them"
            )

    @cached_property
    def _by_name(self) -> dict[str, Choice]:
        return {choice.name: choice for choice in self.choices}

    def choice(self, path: Path) -> Choice:
        """The choice at choice, option, choice, option, ..., choice.

        Raises:
            UnknownName: no choice or no option of that name on the way.
        """
        space = self
        for name, option in zip(path[:-1:2], path[1::2], strict=True):
            space = space._named(name).inside(option)
        return space._named(path[-1])

    def _named(self, name: str) -> Choice:
        if name not in self._by_name:
            raise UnknownName("choice", name, self._by_name)
        return self._by_name[name]

    def size(self) -> int:
        """Number of architectures, exact."""
        total = 1
        for choice in self.choices:
            total *= choice.size()
        return total

    def at(self, number: int) -> Arch:
        """Architecture ``number`` of 0 .. size-1.

        Raises:
            BadValue: the number is outside that range or not whole.
        """
        if not hasattr(number, "__index__") or not 0 <= number < self.size():
            raise BadValue(
                expected=f"a whole number from 0 to {self.size() - 1}",
                got=f"{number}",
                do="count the architectures with size()",
            )
        number, picks = operator.index(number), []
        for choice in self.choices:
            number, own = divmod(number, choice.size())
            picks.append((choice.name, choice._at(own)))
        return Arch(tuple(picks))

    def index(self, arch: Arch) -> int:
        """The number of an architecture: ``space.at(space.index(arch)) == arch``.

        Raises:
            BadValue: the architecture is not one of this space.
        """
        self.check(arch)
        number = 0
        for choice in reversed(self.choices):
            number = number * choice.size() + choice._index(arch[choice.name])
        return number

    def __iter__(self) -> Iterator[Arch]:
        return (self.at(number) for number in range(self.size()))

    def check(self, arch: Arch) -> None:
        """Raises:
        BadValue: the architecture is not one of this space.
        """
        if isinstance(arch, Arch) and arch in self._checked:
            return
        membership.check(self, arch)
        if len(self._checked) >= CHECKED:
            self._checked.clear()
        self._checked.add(arch)

    @cached_property
    def _checked(self) -> set[Arch]:
        """Architectures found to be of this space, the last few thousand: explorers ask again and again."""
        return set()

    def __getstate__(self) -> dict[str, object]:
        return {"choices": self.choices}

    def __contains__(self, arch: object) -> bool:
        if not isinstance(arch, Arch):
            return False
        try:
            self.check(arch)
        except BadValue:
            return False
        return True

    def sample(self, rng: np.random.Generator) -> Arch:
        """An architecture drawn uniformly from all of them."""
        return self.at(below(self.size(), rng))

    def neighbours(self, arch: Arch) -> Iterator[Arch]:
        """Every architecture one edit away: one picked option replaced by one that was not picked.

        Where the number of picks is free within bounds, an option added or dropped is an edit as well; what
        is chosen inside an added option is free.

        What is chosen inside the replaced option moves along where the new option holds the same
        choices; otherwise every inner architecture of the new option is a neighbour.

        Raises:
            BadValue: the architecture is not one of this space.
        """
        self.check(arch)
        return moves.neighbours(self, arch)

    def mutate(self, arch: Arch, rng: np.random.Generator, rate: float | None = None) -> Arch:
        """One random edit; or, with ``rate``, every decision edited with that probability.

        A space of one architecture returns it unchanged.

        Raises:
            BadValue: the architecture is not one of this space, or the rate is outside [0, 1].
        """
        self.check(arch)
        return moves.mutate(self, arch, rng, rate)

    def crossover(self, a: Arch, b: Arch, rng: np.random.Generator) -> Arch:
        """Each choice from one parent or the other, with equal probability (uniform crossover).

        Raises:
            BadValue: a parent is not an architecture of this space.
        """
        self.check(a)
        self.check(b)
        return moves.crossover(self, a, b, rng)

    def encode(self, arch: Arch) -> NDArray[np.float64]:
        """One number per option of the whole tree, 1 where it is picked: a vector of fixed length.

        Raises:
            BadValue: the architecture is not one of this space.
        """
        self.check(arch)
        return np.array(list(encoding.marks(self, arch)), dtype=np.float64)

    def without(self, going: Set[tuple[Path, str]]) -> Space:
        """The space without these options, each given as the path of its choice and its name.

        Raises:
            BadValue: as `restrict`.
        """
        return self.restrict(lambda path, option: (path, option) not in going)

    def restrict(self, keep: Callable[[Path, str], bool]) -> Space:
        """The space with only the options for which ``keep(path, option)`` holds.

        Raises:
            BadValue: a choice is left with fewer options than it picks.
        """
        return narrow.restrict(self, keep)

    def only(self, arch: Arch) -> Space:
        """The space whose single architecture is this one.

        Raises:
            BadValue: the architecture is not one of this space.
        """
        self.check(arch)
        return narrow.only(self, arch)

    @cached_property
    def _groups(self) -> tuple[Group, ...]:
        return grouped(self)

    def groups(self) -> tuple[Group, ...]:
        """The tables of leaf choices, in the order of their first row."""
        return self._groups

    def active(self, arch: Arch) -> dict[str, NDArray[np.bool_]]:
        """For each group, `rows x options`, True where the architecture has that option.

        Raises:
            BadValue: the architecture is not one of this space.
        """
        self.check(arch)
        return {
            group.name: np.array([[o in arch.picked_at(path) for o in group.options] for path in group.rows])
            for group in self.groups()
        }


EMPTY = Space(())


def _check_types(choice: Choice) -> None:
    """Refuses here what would fail later without saying where: choices come from a user's own space."""
    options, relaxed = choice.options, choice.relaxed_only
    named = isinstance(options, Mapping) and all(isinstance(option, str) for option in options)
    inner = named and all(space is None or isinstance(space, Space) for space in options.values())
    listed = isinstance(relaxed, (tuple, list)) and all(isinstance(option, str) for option in relaxed)
    wanted = (
        (isinstance(choice.name, str) and choice.name, "a name for the choice", choice.name),
        (inner, "a mapping from option name to a Space or None", options),
        (_picks(choice.pick), "a whole number of picks, or a pair of them", choice.pick),
        (isinstance(choice.group, str), "the name of a group", choice.group),
        (isinstance(choice.node, str), "the name of a node", choice.node),
        (listed, "a tuple of names as relaxed_only", relaxed),
    )
    for right, expected, got in wanted:
        if not right:
            raise BadValue(
                expected=f"{expected} at choice {choice.name!r}", got=reprlib.repr(got), do="give one"
            )


def _picks(pick: object) -> bool:
    bounds = pick if isinstance(pick, tuple) and len(pick) == 2 else (pick,)
    return all(type(bound) is int for bound in bounds)
