"""Arch: one architecture, as nested picks by option name."""

from __future__ import annotations

import hashlib
import json
import reprlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import Any

from gapless.core.errors import BadValue, UnknownName

VERSION = 1
DEEPEST = 64


@dataclass(frozen=True, order=True)
class Arch:
    """What was picked at every choice, each picked option with the picks inside it.

    Hashable, sortable by names, and kept sorted: two architectures with the same picks are equal
    whatever the order in which the picks were written.

    Args:
        picks: pairs of a choice's name and its picked options, each with its inner `Arch`. Use
            `Arch.of` to write one down by hand.

    Raises:
        BadValue: a choice, or an option of a choice, is given twice.
    """

    picks: tuple[tuple[str, tuple[tuple[str, Arch], ...]], ...] = ()

    def __post_init__(self) -> None:
        picks = tuple((choice, _by_name(options)) for choice, options in self.picks)
        object.__setattr__(self, "picks", _by_name(picks))

    @classmethod
    def of(cls, picks: Mapping[str, Any]) -> Arch:
        """From plain values: ``{"layer1": "k3e3"}``, ``{"node2": {"0": {"op": "sep_conv_3x3"}, "1": ...}}``.

        A picked option is a string (nothing chosen inside), or a mapping from option to inner picks;
        a list of strings picks several.

        Raises:
            BadValue: any other value, at any depth.
        """
        return _built(picks, ())

    @cached_property
    def _hash(self) -> int:
        return hash(self.picks)

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _table(self) -> dict[str, dict[str, Arch]]:
        return {choice: dict(options) for choice, options in self.picks}

    def __getitem__(self, choice: str) -> Mapping[str, Arch]:
        """The options picked at a choice, each with its inner architecture.

        Raises:
            UnknownName: nothing was picked at a choice of that name.
        """
        if choice not in self._table:
            raise UnknownName("choice of this architecture", choice, self._table)
        return self._table[choice]

    def __contains__(self, choice: object) -> bool:
        return choice in self._table

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def picked_at(self, path: tuple[str, ...]) -> Mapping[str, Arch]:
        """The options picked at choice, option, ..., choice; nothing where an option on the way is not."""
        arch = self
        for choice, option in zip(path[:-1:2], path[1::2], strict=True):
            picked = arch[choice]
            if option not in picked:
                return {}
            arch = picked[option]
        return arch[path[-1]]

    def option(self, choice: str) -> str:
        """The single option picked at a choice that picks one.

        Raises:
            UnknownName: nothing was picked at a choice of that name.
            BadValue: several options were.
        """
        picked = self[choice]
        if len(picked) != 1:
            raise BadValue(
                expected=f"one option picked at choice '{choice}'",
                got=", ".join(picked) or "none",
                do="look the picks up with arch[choice]",
            )
        return next(iter(picked))

    def plain(self) -> dict[str, Any]:
        """Nested dictionaries of names, the shape that JSON holds."""
        return {
            choice: {option: inner.plain() for option, inner in options} for choice, options in self.picks
        }

    @cached_property
    def key(self) -> str:
        """16 hexadecimal digits, the same in every process and version."""
        text = json.dumps(self.plain(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def to_json(self) -> dict[str, Any]:
        """A versioned JSON value; `from_json` reads it back."""
        return {"format": "gapless.arch", "version": VERSION, "picks": self.plain()}

    @classmethod
    def from_json(cls, value: Any) -> Arch:
        """Reads what `to_json` wrote.

        Raises:
            BadValue: not an architecture, damaged, or written by a newer version.
        """
        if not isinstance(value, Mapping) or value.get("format") != "gapless.arch":
            raise BadValue(
                expected="an architecture file written by gapless",
                got=f'a {type(value).__name__} without "format": "gapless.arch"',
                do="give the architecture.json of a run folder",
            )
        version = value.get("version")
        if type(version) is not int or version != VERSION:
            raise BadValue(
                expected=f"an architecture of version {VERSION}",
                got=f"version {reprlib.repr(version)}",
                do="read it with the gapless that wrote it",
            )
        if "picks" not in value:
            raise BadValue(
                expected='an architecture with "picks"',
                got=f"only {', '.join(sorted(map(str, value)))}",
                do="restore the file, it is damaged",
            )
        return cls.of(value["picks"])

    def __str__(self) -> str:
        return ", ".join(f"{choice}: {_options(options)}" for choice, options in self.picks)

    def __reduce__(self) -> tuple[object, ...]:
        return (Arch, (self.picks,))


def _by_name(pairs: tuple[tuple[str, Any], ...]) -> tuple[tuple[str, Any], ...]:
    if len(dict(pairs)) != len(pairs):
        raise BadValue(
            expected="each name once in an architecture",
            got=", ".join(name for name, _ in pairs),
            do="merge the picks of that name",
        )
    return tuple(sorted(pairs, key=itemgetter(0)))


def _built(picks: Any, path: tuple[str, ...]) -> Arch:
    if not _named(picks) or len(path) > 2 * DEEPEST:
        raise _damaged("a mapping of choices", path, picks)
    return Arch(tuple((choice, _picked(picks[choice], (*path, choice))) for choice in picks))


def _picked(value: Any, path: tuple[str, ...]) -> tuple[tuple[str, Arch], ...]:
    if isinstance(value, str):
        value = [value]
    if isinstance(value, (list, tuple)) and all(isinstance(option, str) for option in value):
        options = [(option, Arch()) for option in value]
    elif _named(value):
        options = [
            (option, Arch() if inner is None else _built(inner, (*path, option)))
            for option, inner in value.items()
        ]
    else:
        options = []
    if not options:
        raise _damaged("an option name or a mapping of options", path, value)
    return tuple(options)


def _named(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(name, str) for name in value)


def _damaged(expected: str, path: tuple[str, ...], value: Any) -> BadValue:
    where = reprlib.repr("/".join(path)) if path else "the top of an architecture"
    return BadValue(
        expected=f"{expected} at {where}",
        got=reprlib.repr(value),
        do="write the architecture as gapless printed it",
    )


def _options(options: tuple[tuple[str, Arch], ...]) -> str:
    return " + ".join(option + (f"({inner})" if inner.picks else "") for option, inner in options)
