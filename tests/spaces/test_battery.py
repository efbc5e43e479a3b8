"""Every space passes the shipped battery, and the battery catches spaces that are broken."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import nn

import gapless.spaces
from gapless.core import Space
from gapless.spaces.contract import Shape
from gapless.spaces.nb201 import CellNetwork, Nb201
from gapless.testing import spaces as battery

SPACES, space_of = gapless.spaces.names(), gapless.spaces.get


@dataclass(frozen=True)
class Alone(Nb201):
    """Builds stand-alone networks only."""

    shared = False

    def network(self, choices, shape, image):
        assert choices.size() == 1
        return super().network(choices, shape, image)


@pytest.mark.parametrize(
    ("name", "check"), [(name, check) for name in SPACES for check in battery.checks(space_of(name))],
    ids=lambda value: getattr(value, "__name__", value),
)  # fmt: skip
def test_holds(name, check):
    check(space_of(name), battery.IMAGE)


def test_a_space_without_super_network_is_asked_what_holds_of_its_networks():
    alone, shared = battery.checks(Alone()), battery.checks(Nb201())
    assert set(shared) == set(battery.CHECKS)
    assert set(battery.OF_SUPER_NETWORKS) == set(shared) - set(alone)
    battery.check_space(Alone())


def test_check_space_runs_every_check(monkeypatch):
    ran = []
    monkeypatch.setattr(battery, "CHECKS", (lambda space, image: ran.append((space, image)),) * 3)
    battery.check_space(Nb201())
    assert ran == [(Nb201(), battery.IMAGE)] * 3


class WithAlpha(CellNetwork):
    """Architecture values as a parameter, the design that the battery must refuse."""

    def __init__(self, choices, shape, image):
        super().__init__(choices, shape, image)
        (group,) = choices.groups()
        self.alpha = nn.Parameter(torch.zeros(group.mask.shape))

    def forward(self, x, mix=None, drop_path=0.0):
        return super().forward(x, mix, drop_path) + self.alpha.sum()


class Remembering(CellNetwork):
    """Keeps a buffer of the gate values it saw last."""

    def __init__(self, choices, shape, image):
        super().__init__(choices, shape, image)
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, x, mix=None, drop_path=0.0):
        if mix is not None and mix["edges"].weight is not None:
            self.seen = mix["edges"].weight.detach().mean()
        return super().forward(x, mix, drop_path)


class Idle(CellNetwork):
    """One weight that nothing uses."""

    def __init__(self, choices, shape, image):
        super().__init__(choices, shape, image)
        self.idle = nn.Linear(2, 2)


class Deaf(CellNetwork):
    """Never looks at the mix."""

    def forward(self, x, mix=None, drop_path=0.0):
        return super().forward(x, None, drop_path)


class Blowing(CellNetwork):
    def forward(self, x, mix=None, drop_path=0.0):
        return super().forward(x, mix, drop_path) * float("inf")


class Noisy(CellNetwork):
    def forward(self, x, mix=None, drop_path=0.0):
        return super().forward(x, mix, drop_path) + torch.rand(())


@dataclass(frozen=True)
class Networked(Nb201):
    made: type = CellNetwork

    def network(self, choices, shape, image):
        return self.made(choices, shape, image)


@dataclass(frozen=True)
class Renamed(Nb201):
    """The sub-network calls its modules otherwise than the super-network."""

    def network(self, choices, shape, image):
        net = super().network(choices, shape, image)
        if choices.size() == 1:
            net.other, net.classifier = net.classifier, nn.Identity()
        return net


@dataclass(frozen=True)
class Wrong(Nb201):
    def size(self):
        return super().size() + 1


@dataclass(frozen=True)
class TwoLines(Nb201):
    def text(self, arch):
        return super().text(arch).replace("+", "\n")


@dataclass(frozen=True)
class SameText(Nb201):
    def text(self, arch):
        return "a cell"


@dataclass(frozen=True)
class Dangling(Nb201):
    def drawing(self, arch):
        panels = super().drawing(arch)
        panels[0]["edges"].append({"from": "0", "to": "7", "label": ""})
        return panels


@dataclass(frozen=True)
class TwoNodesOneId(Nb201):
    def drawing(self, arch):
        panels = super().drawing(arch)
        panels[0]["nodes"].append(panels[0]["nodes"][0])
        return panels


@dataclass(frozen=True)
class NoPaper(Nb201):
    @property
    def presets(self):
        return {"quick": super().presets["quick"]}


@dataclass(frozen=True)
class Unbuildable(Nb201):
    """Refuses the shape it deploys."""

    def network(self, choices: Space, shape: Shape, image):
        if shape.channels == 16:
            return nn.Identity()
        return super().network(choices, shape, image)


BROKEN = [
    (Wrong(), battery.numbering, "size"),
    (TwoLines(), battery.text_line, "not one line"),
    (SameText(), battery.text_line, "the same text"),
    (Dangling(), battery.drawing, "unknown node"),
    (TwoNodesOneId(), battery.drawing, "one id"),
    (Renamed(), battery.state_names, "not in the super-network"),
    (Networked(made=WithAlpha), battery.state_names, "alpha"),
    (Networked(made=Deaf), battery.inheritance, "is .* off"),
    (Networked(made=Noisy), battery.inheritance, "is .* off"),
    (Networked(made=Deaf), battery.gradients, "gate values"),
    (Networked(made=Idle), battery.gradients, "no gradient for parameter 'idle"),
    (Networked(made=Blowing), battery.runs, "not finite"),
    (Networked(made=Remembering), battery.no_state, "'seen'"),
    (Networked(made=Noisy), battery.determinism, "other logits"),
    (NoPaper(), battery.presets, "presets are"),
    (Unbuildable(), battery.presets, "without weights"),
]


@pytest.mark.parametrize(
    ("space", "check", "message"), BROKEN, ids=lambda value: getattr(value, "__name__", type(value).__name__)
)
def test_broken_spaces_are_caught(space, check, message):
    with pytest.raises(AssertionError, match=message):
        check(space, battery.IMAGE)
