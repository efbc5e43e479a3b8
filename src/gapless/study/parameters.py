"""Architectures as parameters of Optuna: one a choice, there only where its option is picked.

    pick 1 of several       a categorical parameter of option names
    pick several            a categorical parameter of combinations, ``a+b``
    very many combinations  a whole number: which one, as `Space.at` counts them

The parameter of a nested choice is named by its path, ``node2/0/op``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.trial import Trial

from gapless.core import Arch, Choice, Path, Space
from gapless.core.errors import BadValue, Incompatible

MOST = 1024
"""Options of a categorical parameter."""
EXACT = 2**53
"""Optuna keeps every value as a float, which counts no further."""

PICK = "pick"
Values = Callable[["_Knob"], Any]


@dataclass(frozen=True)
class _Knob:
    """A choice and its parameter."""

    name: str
    choice: Choice
    flat: Space
    distribution: BaseDistribution
    inside: Mapping[str, tuple[_Knob, ...]]

    @cached_property
    def picks(self) -> dict[str, tuple[str, ...]]:
        """What the labels of a categorical parameter stand for."""
        return {_label(picked): picked for picked in _combinations(self.flat)}

    def value(self, picked: Mapping[str, Arch]) -> Any:
        names = [option for option in self.choice.options if option in picked]
        if isinstance(self.distribution, CategoricalDistribution):
            return _label(names)
        return self.flat.index(Arch.of({PICK: names}))

    def picked(self, value: Any) -> tuple[str, ...]:
        if isinstance(self.distribution, CategoricalDistribution):
            return self.picks[value]
        return tuple(self.flat.at(value)[PICK])


@dataclass(frozen=True)
class Parameters:
    """The parameters of a space.

    Args:
        space: the choices.
        numeric: whether every parameter is a whole number and all of them are always there, used or not,
            for samplers that know only numbers and fixed spaces, such as CMA-ES.

    Raises:
        Incompatible: a choice has more combinations than Optuna can count, 2^53.
    """

    space: Space
    numeric: bool = False

    @cached_property
    def _knobs(self) -> tuple[_Knob, ...]:
        """Names escaped where they would stand for two choices otherwise."""
        for escaped in (False, True):
            knobs = tuple(_knob(choice, (), self.numeric, escaped) for choice in self.space.choices)
            names = [knob.name for knob in _all(knobs)]
            if len(set(names)) == len(names):
                break
        return knobs

    @cached_property
    def distributions(self) -> dict[str, BaseDistribution]:
        """All that any architecture can have."""
        return {knob.name: knob.distribution for knob in _all(self._knobs)}

    def params(self, arch: Arch) -> dict[str, Any]:
        """What an architecture is in parameters.

        Raises:
            BadValue: the architecture is not one of the space.
        """
        self.space.check(arch)
        found = dict.fromkeys(self.distributions, 0) if self.numeric else {}
        _note(self._knobs, arch, found)
        return found

    def arch(self, params: Mapping[str, Any]) -> Arch:
        """The architecture of some parameters; those that it does not need are ignored.

        Raises:
            BadValue: a parameter is missing, or has a value that it cannot have.
        """
        return _read(self._knobs, lambda knob: params[knob.name])

    def suggest(self, trial: Trial) -> Arch:
        """Asks the sampler of a trial for an architecture, choice by choice."""

        def asked(knob: _Knob) -> Any:
            if isinstance(knob.distribution, IntDistribution):
                return trial.suggest_int(knob.name, knob.distribution.low, knob.distribution.high)
            assert isinstance(knob.distribution, CategoricalDistribution)
            return trial.suggest_categorical(knob.name, knob.distribution.choices)

        if self.numeric:
            values = {knob.name: asked(knob) for knob in _all(self._knobs)}
            return self.arch(values)
        return _read(self._knobs, asked)


def _knob(choice: Choice, above: Path, numeric: bool, escaped: bool) -> _Knob:
    path = (*above, choice.name)
    flat = Space((Choice(PICK, dict.fromkeys(choice.options), choice.pick),))
    distribution = _distribution(flat, path, numeric)
    inside = {
        option: tuple(
            _knob(inner, (*path, option), numeric, escaped) for inner in choice.inside(option).choices
        )
        for option in choice.options
    }
    return _Knob("/".join(map(_escaped, path) if escaped else path), choice, flat, distribution, inside)


def _distribution(flat: Space, path: Path, numeric: bool) -> BaseDistribution:
    size = flat.size()
    if not numeric and size <= MOST:
        labels = [_label(picked) for picked in _combinations(flat)]
        if len(set(labels)) == len(labels):
            return CategoricalDistribution(labels)
    if size > EXACT:
        raise Incompatible(
            expected=f"at most 2^53 combinations at choice '{'/'.join(path)}' for Optuna",
            got=f"{size:,}",
            do="split the choice, or use an explorer of gapless",
        )
    return IntDistribution(0, size - 1)


def _combinations(flat: Space) -> Iterator[tuple[str, ...]]:
    (choice,) = flat.choices
    for arch in flat:
        yield tuple(option for option in choice.options if option in arch[choice.name])


def _label(picked: Sequence[str]) -> str:
    return "+".join(picked)


def _escaped(name: str) -> str:
    return name.replace("%", "%25").replace("/", "%2F")


def _all(knobs: tuple[_Knob, ...]) -> Iterator[_Knob]:
    for knob in knobs:
        yield knob
        for inner in knob.inside.values():
            yield from _all(inner)


def _note(knobs: tuple[_Knob, ...], arch: Arch, found: dict[str, Any]) -> None:
    for knob in knobs:
        picked = arch[knob.choice.name]
        found[knob.name] = knob.value(picked)
        for option, inner in picked.items():
            _note(knob.inside[option], inner, found)


def _read(knobs: tuple[_Knob, ...], value: Values) -> Arch:
    picks = []
    for knob in knobs:
        try:
            options = knob.picked(value(knob))
        except KeyError as error:
            raise BadValue(
                expected=f"a value of parameter '{knob.name}' of this space",
                got=f"{error.args[0]!r}",
                do="give the parameters of a trial of this space",
            ) from error
        picks.append((knob.choice.name, tuple((o, _read(knob.inside[o], value)) for o in options)))
    return Arch(tuple(picks))
