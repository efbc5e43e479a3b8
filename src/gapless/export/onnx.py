"""A network as one ONNX file that was run and compared before it got its name."""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from gapless.core.errors import BadValue, Refused
from gapless.data.shape import ImageShape
from gapless.export.beside import beside, probe
from gapless.export.exporter import Normalised, exported
from gapless.export.session import Session
from gapless.nets.latency import Latency, interleaved

TOLERANCE = 1e-4
_CHUNK = 64


@dataclass(frozen=True)
class Exported:
    """A file that was written, and how it compares with the network it was made of.

    Args:
        file: where it is.
        bytes: its size.
        max_error: largest absolute difference of a logit between ONNX Runtime and torch.
        relative_error: the same, divided by the range of torch's logits.
        agreement: share of images in which both have the same largest logit.
        latency: one image on the CPU, by engine: ``onnxruntime`` and ``torch``.
    """

    file: Path
    bytes: int
    max_error: float
    relative_error: float
    agreement: float
    latency: dict[str, Latency]

    def to_json(self) -> dict[str, Any]:
        """A JSON value, with the name of the file and ``latency_ms`` by engine."""
        return {
            "file": self.file.name, "bytes": self.bytes, "max_error": self.max_error,
            "relative_error": self.relative_error, "agreement": self.agreement,
            "latency_ms": {engine: latency.to_json() for engine, latency in self.latency.items()},
        }  # fmt: skip


def to_onnx(
    net: nn.Module,
    image: ImageShape,
    path: str | os.PathLike[str],
    *,
    inputs: torch.Tensor,
    mean: Sequence[float],
    std: Sequence[float],
    classes: Sequence[str] = (),
    architecture: str = "",
    seconds: float = 0.5,
) -> Exported:
    """Writes one self-contained ONNX file: input ``images``, output ``logits``, any number of images.

    The normalisation is in the file (see `Normalised`): it takes float32 images in [0, 1], or raw values
    where the training images were floating-point. A copy of the network is exported, on the CPU, in float32
    and in evaluation mode; the network itself is not touched. The file carries ``gapless.version``,
    ``gapless.architecture`` and ``gapless.classes`` (a JSON list) as its metadata, and no path or source
    line of this machine.

    Args:
        inputs: images to compare on, `n x c x h x w`, not normalised.
        mean: of each channel, `c`.
        std: of each channel, `c`.
        classes: their names in the order of the logits, or none.
        architecture: the key of the architecture.
        seconds: how long each engine is timed.

    Raises:
        BadValue: images, normalisation or class names that do not fit ``image``.
        Refused: the place cannot be written, the network cannot be exported, or ONNX Runtime and torch differ
            by more than 1e-4 of the range of the logits. No file is written then, and one that was there
            stays as it was.
    """
    place = Path(path)
    _check(image, inputs, mean, std, classes)
    probe(place)
    images = inputs.detach().cpu().float().contiguous()
    form = f"{image.channels} x {image.height} x {image.width}"
    with _one_line(f"a network that takes images of {form}", "give the network that was trained on them"):
        model = Normalised(copy.deepcopy(net).cpu().float(), mean, std).eval()
        with torch.inference_mode():
            expected = torch.cat([model(part) for part in _chunks(images)]).numpy()
    _check_logits(expected, (len(images), image.classes))
    with _one_line("a network that torch.onnx can export", "export another architecture or network"):
        content = exported(model, images, classes, architecture)
    with beside(place) as file:
        file.write_bytes(content)
        with _one_line("an export that ONNX Runtime can run", "update onnxruntime"):
            session = Session(file)
            found = np.concatenate([session(part.numpy()) for part in _chunks(images)])
        error, relative, agreement = _compared(found, expected)
        latency = _latency(session, model, images[:1], seconds)
    return Exported(place, len(content), error, relative, agreement, latency)


def _chunks(images: torch.Tensor) -> tuple[torch.Tensor, ...]:
    return torch.split(images, _CHUNK)


def _compared(found: NDArray[np.float32], expected: NDArray[np.float32]) -> tuple[float, float, float]:
    """Largest difference, the same relative to the range of the logits, share of equal argmax."""
    error = float(np.abs(found.astype(np.float64) - expected).max())
    # One class and one image have no range; the size of the logit stands in.
    scale = float(np.ptp(expected)) or float(np.abs(expected).max()) or 1.0
    relative = error / scale
    if not relative <= TOLERANCE:
        raise Refused(
            expected=f"logits of ONNX Runtime within {TOLERANCE:g} of torch's, relative to their range",
            got=f"a difference of {relative:.2g}",
            do="nothing was written; update onnxruntime or use the weights with torch",
        )
    return error, relative, float((found.argmax(1) == expected.argmax(1)).mean())


def _latency(session: Session, model: Normalised, images: torch.Tensor, seconds: float) -> dict[str, Latency]:
    array = images.numpy()
    with torch.inference_mode():
        return interleaved(
            {"onnxruntime": lambda: session(array), "torch": lambda: model(images)}, seconds=seconds
        )


def _check(
    image: ImageShape,
    inputs: torch.Tensor,
    mean: Sequence[float],
    std: Sequence[float],
    classes: Sequence[str],
) -> None:
    shape = (image.channels, image.height, image.width)
    fits = inputs.ndim == 4 and len(inputs) and tuple(inputs.shape[1:]) == shape
    finite = bool(inputs.isfinite().all())
    if not fits or not finite or not inputs.is_floating_point():
        raise BadValue(
            expected=f"n >= 1 images of {' x '.join(map(str, shape))} finite floating-point numbers",
            got=f"{' x '.join(map(str, inputs.shape))} of {inputs.dtype}"
            + ("" if finite else ", not all finite"),
            do="give images as the data set has them, not normalised",
        )
    if not len(mean) == len(std) == image.channels or not np.isfinite(mean).all() or not _positive(std):
        raise BadValue(
            expected=f"a mean and a std > 0 for each of {image.channels} channels",
            got=f"mean {tuple(mean)}, std {tuple(std)}",
            do="give those of the training images",
        )
    if classes and len(classes) != image.classes:
        raise BadValue(
            expected=f"{image.classes} class names",
            got=f"{len(classes)}",
            do="give one name a class, or none",
        )


def _positive(std: Sequence[float]) -> bool:
    return bool(np.isfinite(std).all()) and min(std) > 0


def _check_logits(logits: NDArray[np.float32], shape: tuple[int, int]) -> None:
    if logits.shape != shape or not np.isfinite(logits).all():
        sizes = " x ".join(map(str, logits.shape))
        got = "numbers that are not finite" if logits.shape == shape else sizes
        raise Refused(
            expected=f"a network with finite logits, {shape[0]} x {shape[1]} for these images",
            got=got,
            do="export a trained network for the same classes",
        )


@contextmanager
def _one_line(expected: str, do: str) -> Iterator[None]:
    """Turns whatever an exporter or engine raises into a refusal with the first line of its first cause."""
    try:
        yield
    except Exception as error:
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        lines = [line for line in re.sub(r"\x1b\[[0-9;]*m", "", str(cause)).splitlines() if line.strip()]
        got = f"{type(cause).__name__}: {lines[0][:200]}" if lines else type(cause).__name__
        raise Refused(expected=expected, got=got, do=do) from error
