"""Weights of a network in one safetensors file, with what they belong to in its header."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

from gapless.core.errors import BadValue, Refused
from gapless.export.beside import beside, probe

KEY = "gapless"


def save_network(path: str | os.PathLike[str], net: nn.Module, meta: Mapping[str, Any]) -> None:
    """Writes every parameter and buffer under its name in the network.

    Args:
        meta: JSON values; stored as one JSON string, ``gapless``, in the header.

    Raises:
        Refused: the file cannot be written.
        BadValue: ``meta`` holds what JSON cannot.
    """
    from safetensors.torch import save

    place = Path(path)
    probe(place)
    try:
        header = json.dumps(meta)
    except (TypeError, ValueError) as error:
        raise BadValue(
            expected="meta of JSON values", got=str(error), do="store plain numbers, words and lists"
        ) from error
    # Own copies: tied weights share memory, which the format does not have.
    state = {name: t.detach().cpu().contiguous().clone() for name, t in net.state_dict().items()}
    content = save(state, {KEY: header})
    with beside(place) as file:
        file.write_bytes(content)


def load_state(path: str | os.PathLike[str]) -> dict[str, torch.Tensor]:
    """The tensors by name, on the CPU, for ``load_state_dict``.

    Raises:
        Refused: the file is missing, unreadable or no whole safetensors file.
    """
    from safetensors.torch import load

    with _refusing(Path(path)):
        return load(Path(path).read_bytes())


def load_meta(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What `save_network` was given as ``meta``.

    Raises:
        Refused: the file is missing, unreadable, or not written by `save_network`.
    """
    from safetensors import safe_open

    with _refusing(Path(path)):
        Path(path).open("rb").close()  # a plain reason where there is no file
        with safe_open(path, framework="pt") as file:
            meta: dict[str, Any] = json.loads(file.metadata()[KEY])
            return meta


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise Refused(
            expected=f"weights stored by gapless at '{path}'",
            got=reason or f"one that is damaged: {error}",
            do="give a .safetensors file that gapless wrote",
        ) from error
