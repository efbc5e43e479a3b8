"""Images that are decoded when they are needed: each once before a run begins, to meet a damaged one."""

from __future__ import annotations

import numpy as np
import torch

from gapless.data import Data
from gapless.job.show import Show

PIECE = 1024
"""Images that are read at a time."""


def decoded(data: Data, show: Show) -> None:
    """Reads every image of all splits and keeps none; nothing where they are in memory.

    Raises:
        BadData: a damaged file; it is named.
    """
    if not data.images.lazy:
        return
    rows = np.concatenate([split.rows for split in data.splits.values()])
    parts = [rows[start : start + PIECE] for start in range(0, len(rows), PIECE)]
    with show.track("reading every image", len(rows)) as advance:
        for part, coming in zip(parts, [*parts[1:], None], strict=True):
            if coming is not None:
                data.images.expect(coming)
            data.images.read(part, torch.device("cpu"))
            advance("", len(part))
