"""The shape of a classification problem on images; no torch here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ImageShape:
    """Images `channels x height x width` in ``classes`` classes."""

    channels: int
    height: int
    width: int
    classes: int
