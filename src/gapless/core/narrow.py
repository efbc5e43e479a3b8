"""Narrow: spaces with fewer options than another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from gapless.core.errors import BadValue

if TYPE_CHECKING:
    from gapless.core.arch import Arch
    from gapless.core.space import Path, Space


def restrict(space: Space, keep: Callable[[Path, str], bool], prefix: Path = ()) -> Space:
    """The space with only the options for which ``keep(path, option)`` holds."""
    choices = []
    for choice in space.choices:
        path = (*prefix, choice.name)
        kept = [option for option in choice.options if keep(path, option)]
        if len(kept) < choice.least:
            options_here, where = ", ".join(choice.options), "/".join(path)
            raise BadValue(
                expected=f"at least {choice.least} of {options_here} kept at choice '{where}'",
                got=", ".join(kept) or "none",
                do="keep at least as many options as are picked",
            )
        options = {o: (s := choice.options[o]) and restrict(s, keep, (*path, o)) for o in kept}
        relaxed_only = tuple(option for option in choice.relaxed_only if keep(path, option))
        pick = (choice.least, min(choice.most, len(kept)))
        choices.append(replace(choice, options=options, pick=pick, relaxed_only=relaxed_only))
    return replace(space, choices=tuple(choices))


def only(space: Space, arch: Arch) -> Space:
    """The space whose single architecture is this one."""
    choices = []
    for choice in space.choices:
        picked = arch[choice.name]
        kept = [option for option in choice.options if option in picked]
        options = {o: (s := choice.options[o]) and only(s, picked[o]) for o in kept}
        choices.append(replace(choice, options=options, pick=len(kept), relaxed_only=()))
    return replace(space, choices=tuple(choices))
