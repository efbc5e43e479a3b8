"""A space of your own: read off any ``nn.Module`` that holds choices of `gapless.nn`."""

from __future__ import annotations

import copy
import hashlib
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

from torch import nn
from torch.nn.parameter import is_lazy

from gapless.core import Arch, Cosine, Space
from gapless.core.errors import BadValue, Refused
from gapless.core.training import Optim, Training
from gapless.data.shape import ImageShape
from gapless.nets.seeded import seeded
from gapless.nn import read
from gapless.nn.network import OwnNetwork
from gapless.nn.trial import tried
from gapless.spaces.contract import Preset, Shape, slots

Made = nn.Module | Callable[..., nn.Module]
SHAPE = Shape(16)
SOME = ImageShape(3, 32, 32, 10)
"""What a module is built for where only its choices are read."""


@dataclass(frozen=True)
class Own:
    """The space of a module; see `from_module`, which makes one.

    Smaller sizes share windows of the tensors of larger ones, hence ``sliced``. ``form`` is 16 hexadecimal
    digits of the module's text and of the shapes of its state: what a resumed run must find again.
    """

    module: Made = field(metadata={"known by": "form"})
    name: str = "own"
    summary: str = "the choices of a module of your own"
    image: ImageShape | None = None
    search: Shape = SHAPE
    deploy: Shape = SHAPE
    form: str = field(init=False)
    choices: Space = field(init=False, repr=False, compare=False)
    sliced: ClassVar[bool] = True

    def __post_init__(self) -> None:
        net = self._made(self.search, self.image or SOME)
        lazy = [name for name, tensor in net.state_dict().items() if is_lazy(tensor)]
        if lazy:
            raise BadValue(
                expected=f"a module of space '{self.name}' that knows all its sizes",
                got=f"'{lazy[0]}' without one",
                do="give its layer the number of inputs, or call the module once before",
            )
        state = [(name, tuple(tensor.shape)) for name, tensor in net.state_dict().items()]
        object.__setattr__(self, "choices", read.space(net))
        object.__setattr__(self, "form", hashlib.sha256(f"{net}{state}".encode()).hexdigest()[:16])

    @cached_property
    def presets(self) -> Mapping[str, Preset]:
        """Ours: nobody published your module. ``paper`` trains longer."""
        paper, quick = Optim(lr=Cosine(0.1), weight_decay=5e-4), Optim(lr=Cosine(0.05), weight_decay=3e-4)
        return {
            "paper": Preset(self.search, self.deploy, Training(200, 96, paper)),
            "quick": Preset(self.search, self.deploy, Training(30, 64, quick)),
        }

    def size(self) -> int:
        return self.choices.size()

    def network(self, choices: Space, shape: Shape, image: ImageShape) -> nn.Module:
        """Raises:
        BadValue: partial channels, or a module that is made for other images.
        """
        if shape.partial > 1:
            raise BadValue(
                expected=f"partial of 1 in space '{self.name}', whose networks have no partial channels",
                got=f"{shape.partial}",
                do="leave partial at 1, or choose space darts or nb201",
            )
        net = self._made(shape, image)
        read.cut([("", net)], [choices])
        if isinstance(self.module, nn.Module):
            _reset(net)
        return OwnNetwork(net, slots(choices))

    def _made(self, shape: Shape, image: ImageShape) -> nn.Module:
        if isinstance(self.module, nn.Module):
            return copy.deepcopy(self.module)
        return _built(self.module, {"shape": shape, "image": image})

    def dry_run(self, shape: Shape, image: ImageShape) -> None:
        """Computes all that the module can be on two images.

        Raises:
            BadValue: what cannot be searched, and what to do about it.
        """
        with seeded(0):
            tried(self.network(self.choices, shape, image), image)  # type: ignore[arg-type]

    def conflicts(self, recipe: Any, stage: Any) -> Iterable[str]:
        """What a stage wants that networks of a module do not have."""
        if stage.drop_path:
            yield f"the stage drops paths, but which parts of space '{self.name}' may be dropped is not known"
        if stage.dropout and not hasattr(self._made(self.search, self.image or SOME), "classifier"):
            yield f"the stage drops features, but the module of space '{self.name}' has no 'classifier'"

    def drawing(self, arch: Arch) -> list[dict[str, Any]]:
        """One panel: the choices in the order in which the module has them, those in options after these."""
        nodes = [{"id": "in", "label": "in", "kind": "input"}]
        edges, last = [], "in"
        for path, picked in _picks(self.choices, arch, ()):
            name = "/".join(path)
            nodes.append({"id": name, "label": path[-1], "kind": "node"})
            edges.append({"from": last, "to": name, "label": picked})
            last = name
        nodes.append({"id": "out", "label": "out", "kind": "output"})
        edges.append({"from": last, "to": "out", "label": ""})
        caption = (
            "Choices in the order in which the module holds them, those within an option after that option; "
            "each box names what was chosen, and on its right where."
        )
        return [{"title": self.name, "nodes": nodes, "edges": edges, "caption": caption}]

    def text(self, arch: Arch) -> str:
        """``block.op: conv, stage: 3(0.op: pool, 1.op: conv, ...)``"""
        return str(arch)


def from_module(
    module: Made, image: ImageShape | None = None, *, name: str = "own", summary: str = "",
    search: Shape = SHAPE, deploy: Shape | None = None,
) -> Own:  # fmt: skip
    """The space of all that a module can be, by the `gapless.nn.Choose`, ``Repeat``, ``Width`` and ``Kernel``
    in it, however they are nested.

        space = gapless.spaces.from_module(Net())
        found = gapless.search(space=space, data="digits", method="spos", run="runs/own")

    A module is copied for every network that is built, and initialised anew by the ``reset_parameters`` of
    its parts; parameters that no part resets keep the values that they have. A function or a class makes it
    instead, which keeps initialisations of your own; of the arguments ``image`` (`ImageShape`) and ``shape``
    (`Shape`) it is given those that it names. Give one that has a name, in a module or in a script whose
    doings stand behind ``if __name__ == "__main__"``, and trainings run in several processes.

    Drop path is the module's own business: that of a training does nothing to it.

    Args:
        module: a module, or what makes one.
        image: the images that it is for; it is then tried on them at once.
        name: of the space, in reports.
        summary: one sentence.
        search: the shape for a search, which a function may look at.
        deploy: the shape for use; that of the search where None.

    Raises:
        BadValue: nothing to choose, or what a search could not work with: one line says what to change.
    """
    if not isinstance(module, nn.Module) and not callable(module):
        raise BadValue(
            expected="an nn.Module, or a function that makes one",
            got=type(module).__name__,
            do="give from_module(Net()) or from_module(Net)",
        )
    space = Own(
        module, name, summary or "the choices of a module of your own", image, search, deploy or search
    )
    if image is not None:
        for shape in dict.fromkeys((space.search, space.deploy)):
            space.dry_run(shape, image)
    return space


def _built(make: Callable[..., nn.Module], about: Mapping[str, Any]) -> nn.Module:
    parameters = inspect.signature(make).parameters
    missing = [
        name
        for name, one in parameters.items()
        if name not in about
        and one.default is one.empty
        and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
    ]
    try:
        net = None if missing else make(**{n: v for n, v in about.items() if n in parameters})
    except Refused:
        raise
    except Exception as error:
        seen: ImageShape = about["image"]
        raise BadValue(
            expected=f"a function that makes a module for {seen.height} x {seen.width} images",
            got=f"{type(error).__name__}: {error}".splitlines()[0],
            do="correct it, or give the images that it is for",
        ) from error
    if not isinstance(net, nn.Module):
        needs, makes = ", ".join(missing), type(net).__name__
        raise BadValue(
            expected="a function that makes a module out of 'image' and 'shape', or of neither",
            got=f"one that also needs {needs}" if missing else f"one that makes {makes}",
            do="give the others defaults, e.g. with functools.partial" if missing else "return an nn.Module",
        )
    return net


def _reset(net: nn.Module) -> None:
    """Draws the parameters of every part that knows how to."""
    for part in net.modules():
        reset = getattr(part, "reset_parameters", None) or getattr(part, "_reset_parameters", None)
        if callable(reset):
            reset()


def _picks(space: Space, arch: Arch, prefix: tuple[str, ...]) -> Iterable[tuple[tuple[str, ...], str]]:
    for choice in space.choices:
        for option, inner in arch[choice.name].items():
            yield (*prefix, choice.name), option
            yield from _picks(choice.inside(option), inner, (*prefix, choice.name, option))
