"""Batches as a function of (seed, step); torch is imported at first use of what needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gapless.data.shape import ImageShape

if TYPE_CHECKING:
    from gapless.data.augment import Augment
    from gapless.data.batches import Data, Split
    from gapless.data.catalog import get, names
    from gapless.data.custom import from_datasets

__all__ = ["Augment", "Data", "ImageShape", "Split", "from_datasets", "get", "names"]

_HOME = {
    "Augment": "augment",
    "Data": "batches",
    "Split": "batches",
    "from_datasets": "custom",
    "get": "catalog",
    "names": "catalog",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'gapless.data' has no attribute '{name}'")
    from importlib import import_module

    value = getattr(import_module(f"gapless.data.{_HOME[name]}"), name)
    globals()[name] = value
    return value
