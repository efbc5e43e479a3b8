"""Request: what a person asked for, as one value that ``run.json`` keeps."""

from __future__ import annotations

import dataclasses
import math
import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from gapless.core.errors import BadRunFolder, BadValue
from gapless.core.files import quoted

MOST = 1_000_000
"""Epochs, architectures or trainings: nobody means more."""


@dataclass(frozen=True)
class Request:
    """A search.

    Args:
        space: name of a space, or ``object`` where a Python object was given.
        data: name of a data set, likewise.
        method: name of a method, likewise.
        preset: ``quick`` or ``paper``.
        epochs: of the whole search; None for the preset's.
        sets: pairs ``part.field`` and value, as typed after ``--set``.
        device: ``auto``, ``cpu`` or ``cuda``.
        root: where data sets lie; None for the default place.
        retrain: whether the found architecture is trained alone and exported.
        audit: whether the accuracy chain and the random baseline are measured.
        archs: random architectures of the baseline.
        seeds: trainings of the found architecture in the deployment shape.
        sample: sub-networks that are trained alone to measure the terms of the gap; 0 measures the accuracy
            chain and the baseline only.
        limits: as typed after ``--max``: what the network for use may cost.
        deployed: how many of these are trained in the deployment shape as well.
        place: where a folder of images lies, an absolute path; None for other data.
    """

    space: str
    data: str
    method: str
    preset: str = "quick"
    seed: int = 0
    epochs: int | None = None
    sets: tuple[tuple[str, str], ...] = ()
    device: str = "auto"
    root: str | None = None
    retrain: bool = True
    audit: bool = True
    archs: int = 3
    seeds: int = 3
    sample: int = 0
    limits: tuple[str, ...] = ()
    deployed: int = 0
    place: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "place", self.place or place_of(self.data))
        for option, least in (("epochs", 1), ("archs", 0), ("seeds", 1), ("sample", 0), ("deployed", 0)):
            value = getattr(self, option)
            if option == "epochs" and value is None:
                continue
            if not isinstance(value, int) or not least <= value <= MOST:
                raise BadValue(
                    expected=f"--{option} of at least {least} and at most {MOST:,}",
                    got=f"{value}" if isinstance(value, int) else f"{value!r}",
                    do=towards(value, least),
                )

    def to_json(self) -> dict[str, Any]:
        listed = {"sets": [list(pair) for pair in self.sets], "limits": list(self.limits)}
        return {**dataclasses.asdict(self), **listed}

    @classmethod
    def from_json(cls, value: Any) -> Request:
        """Raises:
        BadRunFolder: not what `to_json` wrote.
        """
        try:
            sets = tuple((str(k), str(v)) for k, v in value["sets"])
            return cls(**{**value, "sets": sets, "limits": tuple(value.get("limits", ()))})
        except (TypeError, KeyError, ValueError) as error:
            raise BadRunFolder(
                expected="a run.json that holds a request",
                got=f"{type(error).__name__}: {error}",
                do="restore run.json, or start the run again in another folder",
            ) from error

    @property
    def objects(self) -> tuple[str, ...]:
        """What was given as a Python object: of ``space``, ``data`` and ``method``."""
        return tuple(name for name in ("space", "data", "method") if getattr(self, name) == "object")

    def again(self, path: str | os.PathLike[str]) -> str:
        """What goes on with a run of this: a command line, or Python where objects were given."""
        given = "".join(f", {name}=..." for name in self.objects)
        return f"gapless.resume({os.fspath(path)!r}{given})" if given else f"gapless resume {quoted(path)}"

    def command(self, run: str) -> str:
        """The command line that asks for exactly this; the call of Python where objects were given."""
        if self.objects:
            return self._call(run)
        words = ["gapless", "search", "--space", self.space, "--data", self.data, "--method", self.method]
        words += ["--run", run, "--seed", str(self.seed)]
        for option, value in self._changed("preset", "epochs", "device", "root", "archs", "seeds", "sample"):
            words += [f"--{option}", str(value)]
        words += [word for pair in self.sets for word in ("--set", "=".join(pair))]
        words += [word for text in self.limits for word in ("--max", text)]
        words += [f"--no-{name}" for name in ("retrain", "audit") if not getattr(self, name)]
        return shlex.join(words)

    def _changed(self, *options: str) -> list[tuple[str, Any]]:
        """Those that are not what they are by default."""
        defaults = Request(self.space, self.data, self.method)
        pairs = [(option, getattr(self, option)) for option in options]
        return [(option, value) for option, value in pairs if value != getattr(defaults, option)]

    def _call(self, run: str) -> str:
        words = {n: repr(getattr(self, n)) for n in ("space", "data", "method")}
        words |= dict.fromkeys(self.objects, "...") | {"run": repr(run), "seed": repr(self.seed)}
        options = ("preset", "epochs", "device", "root", "retrain", "audit", "archs", "seeds")
        words |= {option: repr(value) for option, value in self._changed(*options)}
        words |= {"settings": repr(dict(self.sets))} if self.sets else {}
        words |= {"limits": repr(dict(text.split("=", 1) for text in self.limits))} if self.limits else {}
        return f"gapless.search({', '.join(f'{name}={word}' for name, word in words.items())})"


def towards(value: object, least: int) -> str:
    """What to do about a number that is out of its range, or none."""
    if not isinstance(value, int):
        return "give a whole number"
    return "raise it" if value < least else "lower it"


def place_of(data: str) -> str | None:
    """The absolute path of the images of ``folder:PATH``; None for other data."""
    kind, _, path = data.partition(":")
    return os.path.abspath(os.path.expanduser(path)) if kind == "folder" and path.strip() else None


class _Placed(Protocol):
    @property
    def place(self) -> str | None: ...


R = TypeVar("R", bound=_Placed)


def moved(request: R, data: str | None) -> R:
    """The request with its folder of images where it lies now.

    Args:
        data: ``folder:PATH``; None where nothing was moved.

    Raises:
        BadValue: other data.
    """
    if data is None:
        return request
    place = place_of(data)
    if place is None or request.place is None:
        raise BadValue(
            expected="folder:PATH, where a folder of images lies now",
            got=f"'{data}'" if place is None else f"'{data}' for a run on other data",
            do="leave --data out; --root says where other data sets lie",
        )
    return dataclasses.replace(request, place=place)  # type: ignore[type-var]


def pairs(texts: list[str]) -> tuple[tuple[str, str], ...]:
    """``part.field=value`` texts as pairs.

    Raises:
        BadValue: no ``=``.
    """
    found = []
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise BadValue(
                expected="--set part.field=value", got=f"'{text}'", do="e.g. --set weights.lr=0.01"
            )
        found.append((key.strip(), value.strip()))
    return tuple(found)


UNITS: Mapping[str, float] = {"s": 1, "m": 60, "h": 3600}


def seconds(text: str) -> float:
    """``90s``, ``10m``, ``2h`` in seconds.

    Raises:
        BadValue: not a positive time.
    """
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([smh])", text.strip())
    if not match or not 0 < float(match[1]) * UNITS[match[2]] < math.inf:
        raise BadValue(expected="a time such as 90s, 10m or 2h", got=f"'{text}'", do="use --budget 10m")
    return float(match[1]) * UNITS[match[2]]


def spoken(time: float) -> str:
    """Seconds as `seconds` reads them, rounded up: ``45s``, ``12m``, ``3h``."""
    for unit, most in (("s", 120), ("m", 120)):
        if time <= most * UNITS[unit]:
            return f"{math.ceil(time / UNITS[unit])}{unit}"
    return f"{math.ceil(time / UNITS['h'])}h"
