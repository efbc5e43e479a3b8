"""What options and whole networks take, measured: the way to a `LatencyTable`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from gapless.core import Arch, Group, Streams
from gapless.core.errors import BadValue, UnknownName
from gapless.data.shape import ImageShape
from gapless.export.exporter import exported
from gapless.export.latency_table import Error, LatencyTable
from gapless.export.session import Session
from gapless.nets import fast
from gapless.nets.latency import interleaved
from gapless.nets.mixed import Mixed
from gapless.nets.seeded import seeded
from gapless.spaces.contract import SearchSpace, Shape, shares, subnet

Runtime = Literal["onnxruntime", "torch"]
RUNTIMES = ("onnxruntime", "torch")
Call = Callable[[], object]


class Added(nn.Module):
    """An operation whose output is added to another of its shape."""

    def __init__(self, operation: nn.Module) -> None:
        super().__init__()
        self.operation = operation

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.operation(x)
        return y + y


@dataclass(frozen=True)
class Place:
    """Where a mixed operation stands in the super-network.

    Args:
        shape: of what it reads there, `1 x c x h x w`.
        added: whether other choices enter the same node, so that outputs are added.
    """

    mixed: Mixed
    shape: tuple[int, ...]
    added: bool

    def module(self, option: str) -> nn.Module:
        """What is measured for an option."""
        module = self.mixed.get_submodule(option)
        return Added(module) if self.added else module


def measured(
    space: SearchSpace, shape: Shape, image: ImageShape, runtime: Runtime = "onnxruntime",
    archs: int = 8, seed: int = 0, seconds: float = 0.1,
    tell: Callable[[str], None] = lambda line: None,
) -> LatencyTable:  # fmt: skip
    """The table of a space: every option measured alone, sums fitted to some networks, checked on others.

    An option's time is that of its module, and of adding its output where other choices enter the same node,
    less that of passing the input on; summed over the cells that its choice is in. Networks of ``archs``
    random architectures give the base and one factor for all options (non-negative least squares), since
    operations inside a network run faster than alone. As many others are predicted for `Error`. Options
    without a module, such as ``none``, take 0. What a runtime leaves out because nothing reads it is in the
    sum all the same.

    Args:
        shape: of the networks.
        runtime: ``onnxruntime`` on the CPU, or ``torch`` as it is; threads are torch's.
        seconds: of timing for each module and network.
        tell: called with a line before each part of the work.

    Raises:
        UnknownName: no such runtime.
        BadValue: fewer than 2 architectures, more than half of the space, a time that is not above 0, or a
            space without a super-network of mixed operations.
    """
    if runtime not in RUNTIMES:
        raise UnknownName("runtime", runtime, RUNTIMES)
    if not 2 <= archs <= space.size() // 2 or not seconds > 0:
        raise BadValue(
            expected=f"at least 2 architectures, at most half of the {space.size():,}, and seconds > 0",
            got=f"archs={archs}, seconds={seconds}",
            do="change them",
        )
    if not shares(space):
        raise BadValue(
            expected="a space with a super-network", got=f"'{space.name}'", do="measure whole networks"
        )
    with seeded(0):
        places = _places(space, shape, image)
    tell(f"options of {len(places)} mixed operations")
    alone = _alone(space, places, runtime, seconds)
    tell(f"{2 * archs} networks")
    drawn = _drawn(space, 2 * archs, seed)
    truths = _networks(space, drawn, shape, image, runtime, seconds)
    raw = LatencyTable({}, 0.0, alone)
    base, factor = fitted([raw.summed(arch) for arch in drawn[:archs]], truths[:archs])
    conditions = {
        "space": space.name, "shape": str(shape), "runtime": runtime, "threads": torch.get_num_threads(),
        "image": f"{image.channels}x{image.height}x{image.width}", "fitted": archs, "factor": factor,
    }  # fmt: skip
    table = LatencyTable(conditions, base, {key: factor * ms for key, ms in alone.items()})
    error = held_out([table.predicted(arch) for arch in drawn[archs:]], truths[archs:])
    return LatencyTable(conditions, base, table.options, error)


def fitted(sums: Sequence[float], truths: Sequence[float]) -> tuple[float, float]:
    """Base and factor, both at least 0, for which ``base + factor * sum`` is nearest in squares.

    Where no factor above 0 brings them nearer, sums are left as they are and only the base is fitted.
    """
    from scipy.optimize import nnls  # type: ignore[attr-defined]

    (base, factor), _ = nnls(np.stack([np.ones(len(sums)), sums], 1), np.array(truths))
    if factor > 0:
        return float(base), float(factor)
    return max(0.0, float(np.mean(np.subtract(truths, sums)))), 1.0


def held_out(predictions: Sequence[float], truths: Sequence[float]) -> Error:
    """`Error` of predictions in ms."""
    from gapless.audit.ranking import spearman

    p, t = np.array(predictions), np.array(truths)
    with np.errstate(divide="ignore", invalid="ignore"):
        rho = spearman(p, t)
    off = np.abs(p - t)
    return Error(len(t), float(off.mean()), float((off / t).mean()), rho if np.isfinite(rho) else None)


def _drawn(space: SearchSpace, n: int, seed: int) -> list[Arch]:
    """Distinct architectures."""
    rng = Streams(seed).generator("latency")
    found: dict[Arch, None] = {}
    while len(found) < n:
        found[space.choices.sample(rng)] = None
    return list(found)


@torch.no_grad()
def _places(space: SearchSpace, shape: Shape, image: ImageShape) -> list[Place]:
    net = space.network(space.choices, shape, image).eval()
    groups = {group.name: group for group in space.choices.groups()}
    ran: list[tuple[Mixed, tuple[int, ...]]] = []

    def note(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        assert isinstance(module, Mixed)
        ran.append((module, tuple(inputs[0].shape)))

    for module in net.modules():
        if isinstance(module, Mixed):
            module.register_forward_pre_hook(note)
    with fast.plain():
        net(torch.zeros(1, image.channels, image.height, image.width))
    if not ran or any(mixed.group not in groups for mixed, _ in ran):
        raise BadValue(
            expected=f"mixed operations of the groups {', '.join(sorted(groups))} in the super-network",
            got=f"none in that of '{space.name}'" if not ran else f"group '{ran[0][0].group}'",
            do="measure whole networks",
        )
    return [Place(mixed, given, _added(groups[mixed.group], mixed.row)) for mixed, given in ran]


def _added(group: Group, row: int) -> bool:
    """Whether other choices enter the node of this one."""
    return group.enters.count(group.enters[row]) > 1


def _alone(
    space: SearchSpace, places: Sequence[Place], runtime: Runtime, seconds: float
) -> dict[tuple[tuple[str, ...], str], float]:
    """Milliseconds of every option of every choice; equal modules on equal inputs are measured once."""
    modules: dict[str, tuple[nn.Module, tuple[int, ...]]] = {}
    for place in places:
        modules[_named(None, place.shape)] = (nn.Identity(), place.shape)
        for option, _ in place.mixed.columns:
            module = place.module(option)
            modules[_named(module, place.shape)] = (module, place.shape)
    times = _timed(modules, runtime, seconds)
    table = {
        (path, option): 0.0
        for group in space.choices.groups()
        for path, may in zip(group.rows, group.pickable, strict=True)
        for option, there in zip(group.options, may, strict=True)
        if there
    }
    rows = {group.name: group.rows for group in space.choices.groups()}
    for place in places:
        idle = times[_named(None, place.shape)]
        for option, _ in place.mixed.columns:
            key = rows[place.mixed.group][place.mixed.row], option
            if key in table:
                own = times[_named(place.module(option), place.shape)]
                table[key] += max(0.0, own - idle)
    return table


def _named(module: nn.Module | None, shape: tuple[int, ...]) -> str:
    """The same for modules that compute the same thing with other weights."""
    if module is None or type(module) is nn.Identity:
        return f"{shape}"
    return f"{shape} {module} {[tuple(p.shape) for p in module.state_dict().values()]}"


def _networks(
    space: SearchSpace, archs: Sequence[Arch], shape: Shape, image: ImageShape, runtime: Runtime,
    seconds: float,
) -> list[float]:  # fmt: skip
    """Milliseconds of one image of each architecture's network."""
    form = (1, image.channels, image.height, image.width)
    with seeded(0):
        nets = {str(i): (subnet(space, arch, shape, image), form) for i, arch in enumerate(archs)}
    times = _timed(nets, runtime, seconds)
    return [times[name] for name in nets]


def _timed(
    modules: Mapping[str, tuple[nn.Module, tuple[int, ...]]], runtime: Runtime, seconds: float
) -> dict[str, float]:
    """Milliseconds of each module on zeros of its shape, all in turns: the end of the fastest tenth of calls.

    Whatever else a machine does makes calls slower, never faster.
    """
    with tempfile.TemporaryDirectory() as folder:
        calls = {name: _call(*found, runtime, Path(folder)) for name, found in modules.items()}
        with torch.inference_mode():
            return {name: found.low_ms for name, found in interleaved(calls, seconds=seconds).items()}


def _call(module: nn.Module, shape: tuple[int, ...], runtime: Runtime, folder: Path) -> Call:
    x = torch.zeros(shape)
    module.eval()
    if runtime == "torch":
        return lambda: module(x)
    file = folder / f"{len(list(folder.iterdir()))}.onnx"
    file.write_bytes(exported(module, x, (), ""))
    session, array = Session(file), x.numpy()
    return lambda: session(array)
