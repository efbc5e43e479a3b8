"""Scores with the weights of a finished search's super-network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from gapless.core import Arch
from gapless.core.errors import BadValue, Incompatible
from gapless.core.record import Record
from gapless.evaluate.contract import Setting, Supernet
from gapless.evaluate.inherited import Inherited
from gapless.spaces.contract import Chained


@dataclass(frozen=True, eq=False)
class FromSupernet:
    """Accuracy on ``val`` of sub-networks cut out of a super-network, see `Inherited`."""

    supernet: Supernet
    device: torch.device
    how: Inherited = field(default_factory=Inherited)

    @property
    def together(self) -> int:
        """Chains that begin alike are computed together."""
        return 50 if isinstance(self.supernet.net, Chained) else 1

    def __call__(self, archs: Sequence[Arch]) -> list[Record]:
        """Records as of `Inherited.scores`."""
        of = self.supernet
        return self.how.scores(of.space, of.net, archs, of.shape, of.data, self.device, of.streams)


def inherited(setting: Setting, argument: str) -> FromSupernet:
    """``RUN``: the folder of a finished search in the same space.

    Raises:
        BadValue: no folder is named.
        BadRunFolder: no finished search there.
        Incompatible: its space is another one.
    """
    if not argument:
        raise BadValue(
            expected="the folder of a finished search after 'inherited:'",
            got="none",
            do="e.g. --evaluator inherited:runs/a",
        )
    found = setting.supernet(argument)
    if found.space != setting.space:
        raise Incompatible(
            expected=f"a search of space '{setting.space.name}' in '{argument}'",
            got=f"one of '{found.space.name}', or of other settings",
            do=f"explore --space {found.space.name} with the settings of that search",
        )
    return FromSupernet(found, setting.device)
