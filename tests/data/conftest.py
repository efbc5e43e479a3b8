"""Folders of small images, written for a test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

Tree = Callable[..., Path]


def picture(seed: int, mode: str = "RGB", height: int = 8, width: int = 8) -> Image.Image:
    shape = (height, width) if mode == "L" else (height, width, len(mode))
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8))


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Write ``{class: number of images}`` below a folder and return the top folder."""

    def write(
        counts: Mapping[str, int], under: str = "", *, mode: str = "RGB", height: int = 8, width: int = 8
    ) -> Path:
        for number, (title, count) in enumerate(counts.items()):
            folder = tmp_path / under / title
            folder.mkdir(parents=True, exist_ok=True)
            for i in range(count):
                picture(1000 * number + i, mode, height, width).save(folder / f"{under}{i:03d}.png")
        return tmp_path

    return write
