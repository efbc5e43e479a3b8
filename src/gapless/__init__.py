"""Gapless: weight-sharing neural architecture search that measures its own optimization gap.

import gapless
found = gapless.search(space="darts", data="digits", method="darts", seed=0, run="runs/a")
found.arch; found.score; found.network(); found.report()
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from gapless import data, explore, methods, nn, spaces
    from gapless.api import compare, resume, search
    from gapless.core import Arch, Choice, Space
    from gapless.core.errors import GaplessError

__all__ = [
    "Arch", "Choice", "GaplessError", "Space", "__version__", "compare", "data", "explore", "methods",
    "nn", "resume", "search", "spaces",
]  # fmt: skip

_HOME = {
    "Arch": "gapless.core", "Choice": "gapless.core", "Space": "gapless.core",
    "GaplessError": "gapless.core.errors", "search": "gapless.api", "resume": "gapless.api",
    "compare": "gapless.api",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    """Public names, imported when first used: ``import gapless`` loads no torch."""
    if name in ("data", "explore", "methods", "nn", "spaces"):
        return importlib.import_module(f"gapless.{name}")
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module 'gapless' has no attribute '{name}'")
