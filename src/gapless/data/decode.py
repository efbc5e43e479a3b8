"""One image file: what its header says, and its pixels in a given form; no torch here."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gapless.core.errors import BadData

# Large images are no attack here; twice as many pixels are still refused. Once for all: threads decode.
warnings.simplefilter("ignore", Image.DecompressionBombWarning)

_GRAY = ("1", "L", "LA", "La")
_DEEP = ("I", "I;16", "I;16L", "I;16B", "I;16N")


@dataclass(frozen=True)
class Form:
    """Channels (1 gray, 3 colour), height and width in pixels."""

    channels: int
    height: int
    width: int

    @property
    def chw(self) -> tuple[int, int, int]:
        return self.channels, self.height, self.width


def channels(image: Image.Image) -> int:
    """1 for a gray image, also by a palette of grays; else 3."""
    if image.mode == "P" and image.palette is not None and image.palette.mode == "RGB":
        colours = np.frombuffer(bytes(image.palette.palette), np.uint8)
        colours = colours[: len(colours) // 3 * 3].reshape(-1, 3)
        return 1 if (colours == colours[:, :1]).all() else 3
    return 1 if image.mode in _GRAY + _DEEP else 3


def header(path: Path) -> Form:
    """What the file says of itself, without reading its pixels.

    Raises:
        BadData: not an image that can be read, or of a kind that is not handled.
    """
    with _named(path), Image.open(path) as image:
        if image.mode == "F":
            raise BadData(
                expected="images of 8 or 16 bits a channel",
                got=f"floating-point pixels in '{path}'",
                do="convert it, or pass arrays to gapless.data.from_datasets",
            )
        return Form(channels(image), image.height, image.width)


def decode(path: Path, form: Form) -> NDArray[np.uint8]:
    """Pixels `c x h x w`; of an animation the first frame; transparency and EXIF rotation are ignored.

    An image of another size is resized (bilinear with anti-aliasing) until it covers the wanted one, of
    which the middle is kept.

    Raises:
        BadData: the file is damaged; it is named.
    """
    with _named(path), Image.open(path) as image:
        return pixels(image, form)


def pixels(image: Image.Image, form: Form) -> NDArray[np.uint8]:
    """Pixels `c x h x w` of an opened image; see ``decode``."""
    if image.mode in _DEEP:
        image = Image.fromarray((np.asarray(image).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8))
    elif image.mode == "P":
        image = image.convert("RGBA")
    image = image.convert("L" if form.channels == 1 else "RGB")
    width, height = image.size
    if (height, width) != (form.height, form.width):
        scale = min(height / form.height, width / form.width)
        across, down = form.width * scale, form.height * scale
        left, top = max(0.0, (width - across) / 2), max(0.0, (height - down) / 2)
        box = (left, top, min(left + across, width), min(top + down, height))
        image = image.resize((form.width, form.height), Image.Resampling.BILINEAR, box)
    array = np.asarray(image)
    return np.array(array[None] if array.ndim == 2 else array.transpose(2, 0, 1), order="C")


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Turn whatever a decoder raises into one line that names the file."""
    try:
        yield
    except BadData:
        raise
    except Exception as error:  # decoders raise OSError, ValueError, SyntaxError, struct.error, EOFError, ...
        raise BadData(
            expected="an image that can be read",
            got=f"'{path}' ({str(error) or type(error).__name__})",
            do="repair or remove that file",
        ) from error
