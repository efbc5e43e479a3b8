"""An ONNX file as a function, through ONNX Runtime on the CPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray


class Session:
    """``session(images)``: `n x c x h x w` in float32 to logits `n x classes`.

    It uses as many threads as torch does. They do not spin while they wait for work: spinning would slow
    down whatever is timed in turns with it.
    """

    def __init__(self, file: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()  # type: ignore[attr-defined]
        options.log_severity_level = 3
        options.intra_op_num_threads = torch.get_num_threads()
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._run: Any = onnxruntime.InferenceSession(  # type: ignore[attr-defined]
            file.read_bytes(), options, providers=["CPUExecutionProvider"]
        ).run

    def __call__(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        logits: NDArray[np.float32] = self._run(["logits"], {"images": images})[0]
        return logits
