"""A trial of everything that a module can be, on two images, before any training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch

from gapless.core.errors import BadValue, Refused
from gapless.data.shape import ImageShape
from gapless.nn.decision import Decision
from gapless.nn.network import OwnNetwork
from gapless.nn.scope import SCOPE, option, within
from gapless.nn.sliced import Sliced, Width


def tried(net: OwnNetwork, image: ImageShape) -> None:
    """Computes every option of every decision once, in evaluation mode and then in training mode.

    Raises:
        BadValue: an option that fails or that changes what it is given, options of different output shapes, a
            decision that is not used or used twice, an output that is not `n x classes`, or parameters that
            are no float32. The line names which.
    """
    for name, tensor in net.net.named_parameters():
        if tensor.is_floating_point() and tensor.dtype != torch.float32:
            raise _wrong(
                f"parameters of {type(net.net).__name__} in float32", f"'{name}' in {tensor.dtype}",
                "call .float() on the module",
            )  # fmt: skip
    training = [(module, module.training) for module in net.modules()]
    try:
        for mode in (False, True):
            _tried(net.train(mode), image)
    finally:
        for module, mode in training:
            module.training = mode


def _tried(net: OwnNetwork, image: ImageShape) -> None:
    calls: dict[tuple[str, ...], int] = {}

    def trial(decision: Decision, args: Sequence[Any], more: Mapping[str, Any]) -> Any:
        scope = SCOPE.get()
        assert scope is not None
        path, outs = (*scope.inside, decision.name), {}
        calls[path] = calls.get(path, 0) + 1
        if calls[path] > 1:
            raise _wrong(
                f"{_named(decision, path)} used once in a forward",
                "a second call of it",
                "make one for each place, so that each can be chosen for itself",
            )
        given = [v for v in (*args, *more.values()) if isinstance(v, torch.Tensor)]
        versions = [tensor._version for tensor in given]
        for picked in scope.table[path].options:
            try:
                with option(scope, decision.name, picked):
                    outs[picked] = decision.computed(picked, *args, **more)
            except Refused:
                raise
            except Exception as error:
                raise _wrong(
                    f"option '{picked}' of {_named(decision, path)} to take {_shapes(args)}",
                    f"{type(error).__name__}: {_short(error)}",
                    "correct or leave out the option",
                ) from error
            if [tensor._version for tensor in given] != versions and len(scope.table[path].options) > 1:
                raise _wrong(
                    f"option '{picked}' of {_named(decision, path)} to leave its input as it is",
                    "one that changes it in place, also for the other options",
                    "build its first layer with inplace=False",
                )
        _alike(decision, path, outs)
        return outs[next(iter(outs))]

    what = f"images {image.channels} x {image.height} x {image.width}"
    like = next(net.parameters(), torch.empty(0))
    x = torch.zeros(2, image.channels, image.height, image.width, dtype=like.dtype, device=like.device)
    x.copy_(torch.linspace(-1, 1, x.numel(), dtype=x.dtype).view_as(x))
    try:
        with torch.no_grad(), within(replace(net.scope, trial=trial)):
            out = net.net(x)
    except Refused:
        raise
    except Exception as error:
        raise _wrong(
            f"{type(net.net).__name__} to take {what}",
            f"{type(error).__name__}: {_short(error)}",
            "correct its forward, or give the image that it is made for",
        ) from error
    if not isinstance(out, torch.Tensor) or tuple(out.shape) != (2, image.classes):
        raise _wrong(
            f"{type(net.net).__name__} to turn 2 {what} into 2 x {image.classes} logits"
            + (" in training, too" if net.training else ""),
            _shapes((out,)),
            f"end it with a layer of {image.classes} outputs, one a class, after pooling and flattening",
        )
    unused = [path for path in net.scope.table if path not in calls]
    if unused:
        raise _wrong(
            f"'{'/'.join(unused[0])}' used in the forward of {type(net.net).__name__}",
            "no call of it",
            "use it, or take it out of the module",
        )


def _alike(decision: Decision, path: Sequence[str], outs: Mapping[str, Any]) -> None:
    for picked, out in outs.items():
        if not isinstance(out, torch.Tensor):
            raise _wrong(
                f"a tensor from option '{picked}' of {_named(decision, path)}",
                type(out).__name__,
                "return one tensor from it",
            )
    shapes = {picked: tuple(out.shape) for picked, out in outs.items()}
    (first, shape), *rest = shapes.items()
    for picked, other in rest:
        if other == shape:
            continue
        do = "give them equal channels and strides"
        if isinstance(decision, Width):
            do = "what reads these channels has a fixed number of them: build it inside the Width, too"
        elif isinstance(decision, Sliced):
            do = "pad by kernel // 2"
        raise _wrong(
            f"options of one output shape at {_named(decision, path)}",
            f"{_form(shape)} from '{first}' and {_form(other)} from '{picked}'",
            do,
        )


def _named(decision: Decision, path: Sequence[str]) -> str:
    return f"{type(decision).__name__} '{'/'.join(path)}'"


def _form(shape: Sequence[int]) -> str:
    return " x ".join(("n", *map(str, shape[1:])))


def _shapes(values: Sequence[Any]) -> str:
    return ", ".join(
        _form(value.shape) if isinstance(value, torch.Tensor) else type(value).__name__ for value in values
    )


def _short(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [""]
    return lines[0][:200]


def _wrong(expected: str, got: str, do: str) -> BadValue:
    return BadValue(expected=expected, got=got, do=do)
