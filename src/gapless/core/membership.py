"""Membership: whether an architecture is one of a space."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from gapless.core.arch import Arch
from gapless.core.errors import BadValue

if TYPE_CHECKING:
    from gapless.core.space import Path, Space


def check(space: Space, arch: Arch, prefix: Path = ()) -> None:
    """Refuses an architecture that is not one of the space, and names the choice where they part."""
    do = "use an architecture of this space"
    if not isinstance(arch, Arch):
        raise BadValue(expected="an Arch", got=f"a {type(arch).__name__}", do="write it with Arch.of(...)")
    names = [choice.name for choice in space.choices]
    if set(arch) != set(names):
        where = f" inside '{'/'.join(prefix)}'" if prefix else ""
        raise BadValue(
            expected=f"picks at {', '.join(names) or 'no choice'}{where}",
            got=f"picks at {', '.join(arch) or 'none'}",
            do=do,
        )
    for choice in space.choices:
        path, picked = (*prefix, choice.name), arch[choice.name]
        unknown = [option for option in picked if option not in choice.options]
        if unknown or not choice.least <= len(picked) <= choice.most:
            bounds = " to ".join(str(bound) for bound in dict.fromkeys((choice.least, choice.most)))
            near = difflib.get_close_matches(unknown[0], choice.options, n=1) if unknown else []
            raise BadValue(
                expected=f"{bounds} of {', '.join(choice.options)} at choice '{'/'.join(path)}'",
                got=", ".join(picked) or "none",
                do=f"did you mean '{near[0]}'?" if near else do,
            )
        for option, inner in picked.items():
            if not inner.picks and choice.options[option] is None:
                continue
            check(choice.inside(option), inner, (*path, option))
