"""A data set from two map-style datasets of (image, label)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from gapless.core.errors import BadData
from gapless.data import decode
from gapless.data.arrays import Arrays
from gapless.data.augment import Augment
from gapless.data.batches import Data, assemble
from gapless.data.images import Images, Memory, Rows
from gapless.data.split import divide

MEMORY_LIMIT = 8 << 30
"""Bytes of pixels up to which datasets are read into memory: 8 GiB."""

_SMALLEST = 8


class Pairs(Protocol):
    """A map-style dataset: item `i` is (image, label)."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Any: ...


def from_datasets(
    train: Pairs,
    test: Pairs,
    *,
    name: str = "custom",
    classes: Sequence[str] | None = None,
    augment: Augment | None = None,
    limit: int | None = None,
    split_seed: int = 0,
) -> Data:
    """A data set from a training and a test dataset.

    Images are PIL images, or arrays or tensors `c x h x w` or `h x w` of any number of channels. Floating
    point is kept, unless all of it is 8-bit values, whole from 0 to 255 or their 255ths. Every item is
    read once, into memory: random transforms inside the datasets are frozen, so use ``augment``.

    Args:
        classes: names of the labels 0, 1, ...; where None, ``train.classes`` or the numbers.
        augment: what is recommended for training; nothing where None.
        limit: see ``split.divide``.
        split_seed: see ``split.divide``.

    Raises:
        BadData: an image or label that cannot be trained on; its index is named.
    """
    titles = _titles(train, test, classes)
    first, first_labels = _read(train, "train", None)
    second, second_labels = _read(test, "test", first)
    if titles is None:
        titles = _numbers(first_labels)
    if len(titles) < 2:
        raise BadData(expected="at least 2 classes", got=str(len(titles)), do="add images of another class")
    for where, labels in (("train", first_labels), ("test", second_labels)):
        wrong = np.flatnonzero((labels < 0) | (labels >= len(titles)))
        if len(wrong):
            raise BadData(
                expected=f"labels from 0 to {len(titles) - 1}",
                got=f"{labels[wrong[0]]} at {where}[{wrong[0]}]",
                do="correct the label, or pass the names of all classes",
            )
    images = _eight_bit(torch.cat([first, second]))
    labels = np.concatenate([first_labels, second_labels])
    given = np.arange(len(labels)) >= len(first_labels)
    arrays = Arrays(images, labels, titles, given, augment or Augment())
    plan = divide(labels, titles, given_test=given, limit=limit, seed=split_seed)

    def load(rows: Rows) -> Images:
        return Memory(arrays.pixels(rows, None))

    return assemble(name, titles, labels, plan, load, arrays.augment)


def _numbers(labels: Rows) -> tuple[str, ...]:
    """Names of classes that have none; far too many are refused before any is made."""
    at = int(labels.argmax())
    if labels[at] >= len(labels):
        raise BadData(
            expected=f"labels from 0 on without gaps, of {len(labels)} images below {len(labels)}",
            got=f"{labels[at]} at train[{at}]",
            do="number the classes from 0",
        )
    return tuple(str(number) for number in range(int(labels[at]) + 1))


def _titles(train: Pairs, test: Pairs, classes: Sequence[str] | None) -> tuple[str, ...] | None:
    if classes is not None:
        return tuple(str(title) for title in classes)
    ours, theirs = (getattr(dataset, "classes", None) for dataset in (train, test))
    if ours is not None and theirs is not None and list(ours) != list(theirs):
        odd = sorted({str(title) for title in ours} ^ {str(title) for title in theirs})
        raise BadData(
            expected="the same classes in train and test",
            got=f"'{odd[0]}' in one only" if odd else "another order",
            do="use one list of classes for both",
        )
    return None if ours is None else tuple(str(title) for title in ours)


def _read(dataset: Pairs, where: str, like: Tensor | None) -> tuple[Tensor, Rows]:
    try:
        count = len(dataset)
    except TypeError as error:
        raise BadData(
            expected="a dataset with a length and items by index",
            got=f"{type(dataset).__name__} as {where}",
            do="wrap it in a map-style dataset",
        ) from error
    if count == 0:
        raise BadData(expected=f"images in {where}", got="none", do="pass a dataset that is not empty")
    pixels: Tensor | None = None
    labels = np.empty(count, np.int64)
    for index in range(count):
        image, labels[index] = _item(dataset, index, f"{where}[{index}]")
        if pixels is None:
            pixels = torch.empty((count, *image.shape), dtype=image.dtype)
            _fits(pixels)
        model = pixels[0] if like is None else like[0]
        if image.shape != model.shape or image.dtype != model.dtype:
            raise BadData(
                expected=f"images of one size and type, {_form(model)} as train[0]",
                got=f"{_form(image)} at {where}[{index}]",
                do="resize or convert the images before",
            )
        pixels[index] = image
    assert pixels is not None
    return pixels, labels


def _fits(pixels: Tensor) -> None:
    size = pixels.numel() * pixels.element_size()
    if size > MEMORY_LIMIT:
        raise BadData(
            expected=f"at most {MEMORY_LIMIT >> 30} GiB of pixels",
            got=f"{size / (1 << 30):.1f} GiB",
            do="write the images to files and use folder:PATH, which decodes a batch at a time",
        )


def _item(dataset: Pairs, index: int, where: str) -> tuple[Tensor, int]:
    try:
        item = dataset[index]
    except Exception as error:
        raise BadData(
            expected="items (image, label)",
            got=f"{type(error).__name__} at {where} ({error})",
            do="make that item readable",
        ) from error
    if not isinstance(item, tuple | list) or len(item) != 2:
        raise BadData(
            expected="items (image, label)", got=f"{type(item).__name__} at {where}", do="yield pairs"
        )
    return _image(item[0], where), _label(item[1], where)


def _label(label: Any, where: str) -> int:
    array = label.detach().cpu().numpy() if isinstance(label, Tensor) else label
    value = array.item() if isinstance(array, np.ndarray | np.generic) and array.size == 1 else array
    if isinstance(value, bool) or not isinstance(value, int) or value.bit_length() > 63:
        raise BadData(
            expected="labels that are whole numbers below 2^63",
            got=f"{label!r} at {where}",
            do="number the classes from 0",
        )
    return value


def _image(image: Any, where: str) -> Tensor:
    if isinstance(image, Image.Image):
        form = decode.Form(decode.channels(image), image.height, image.width)
        tensor = torch.from_numpy(decode.pixels(image, form))
    elif isinstance(image, Tensor):
        tensor = image.detach().cpu()
    elif isinstance(image, np.ndarray) and image.dtype.kind in "buif":
        tensor = torch.from_numpy(np.array(image, dtype=image.dtype.newbyteorder("=")))
    else:
        kind = f"array of {image.dtype}" if isinstance(image, np.ndarray) else type(image).__name__
        raise BadData(
            expected="PIL images, or arrays or tensors of real numbers",
            got=f"{kind} at {where}",
            do="convert the images",
        )
    tensor = tensor[None] if tensor.ndim == 2 else tensor
    if tensor.ndim != 3 or min(tensor.shape[1:]) < _SMALLEST or not len(tensor) or tensor.is_complex():
        raise BadData(
            expected=f"images c x h x w or h x w of real numbers, at least {_SMALLEST} x {_SMALLEST}",
            got=f"{_form(tensor)} at {where}",
            do="put channels first, or enlarge the images",
        )
    if tensor.dtype == torch.uint8:
        return tensor
    tensor = tensor.float()
    if not torch.isfinite(tensor).all():
        raise BadData(
            expected="finite pixels", got=f"NaN or infinity at {where}", do="repair or remove that image"
        )
    return tensor


def _form(tensor: Tensor) -> str:
    kind = str(tensor.dtype).removeprefix("torch.")
    return f"{kind} {' x '.join(str(n) for n in tensor.shape)}"


def _eight_bit(images: Tensor) -> Tensor:
    if images.dtype == torch.uint8:
        return images
    low, high = images.aminmax()
    if low < 0 or high > 255:
        return images
    scale = 1.0 if high > 1 else 255.0
    whole = torch.empty(images.shape, dtype=torch.uint8)
    for start in range(0, len(images), 256):
        scaled = images[start : start + 256] * scale
        rounded = scaled.round()
        if (scaled - rounded).abs().max() > 1e-4:
            return images
        whole[start : start + 256] = rounded
    return whole
