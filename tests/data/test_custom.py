from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import IterableDataset, TensorDataset

from gapless.core.errors import BadData, Refused
from gapless.core.streams import Streams
from gapless.data import Augment, Data, ImageShape, from_datasets

from .conftest import picture


def eight_bit(n: int, channels: int = 3, height: int = 8, width: int = 8, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, channels, height, width), dtype=np.uint8)


def pairs(images: Any, classes: int = 2) -> list[tuple[Any, int]]:
    return [(image, i % classes) for i, image in enumerate(images)]


def made(train: Any, test: Any = None, **more: Any) -> Data:
    return from_datasets(train, train[:4] if test is None else test, **more)


def refused(match: str, train: Any, test: Any = None, **more: Any) -> None:
    with pytest.raises(BadData, match=match) as caught:
        made(train, test, **more)
    assert "\n" not in str(caught.value)


@settings(derandomize=True, deadline=None, max_examples=25)
@given(st.integers(1, 5), st.integers(8, 20), st.integers(8, 20), st.integers(2, 6))
def test_shapes(channels: int, height: int, width: int, classes: int) -> None:
    data = made(pairs(eight_bit(4 * classes, channels, height, width), classes))
    assert data.shape == ImageShape(channels, height, width, classes)
    assert sum(data.size(name) for name in ("train", "val", "audit")) == 4 * classes
    x, y = data.batch("train", 0, 99, Streams(0), "cpu", augment=Augment(True, 2, 3))
    assert x.shape[1:] == (channels, height, width)
    assert set(y.tolist()) == set(range(classes))


@pytest.mark.parametrize(
    "convert",
    [
        lambda a: a,
        torch.from_numpy,
        lambda a: a.astype(np.float32),
        lambda a: a.astype(np.int64),
        lambda a: a.astype(">f8"),
        lambda a: a.astype(np.float64) / 255,
        lambda a: torch.from_numpy(a).float() / 255,
        lambda a: a[..., ::-1].copy()[..., ::-1],
    ],
)
def test_eight_bit_values_become_eight_bits(convert: Any) -> None:
    array = eight_bit(12)
    data, plain = made(pairs([convert(a) for a in array])), made(pairs(array))
    assert data.images.full == 255
    assert data.fingerprint == plain.fingerprint
    assert data.mean == plain.mean


@pytest.mark.parametrize("factor", [1.0, 1e-3, 1e6])
@pytest.mark.parametrize("offset", [0.0, 300.0])
def test_floating_point_is_kept(factor: float, offset: float) -> None:
    array = np.random.default_rng(0).normal(size=(12, 2, 8, 8)).astype(np.float32) * factor + offset
    data = made(pairs(array), name="radar", augment=Augment(flip=True))
    assert (data.name, data.augment) == ("radar", Augment(flip=True))
    assert data.images.full == 1
    kept = {x.tobytes() for x in array.astype(np.float32)}
    raw = data.images.read(data.splits["train"].rows, torch.device("cpu"))
    assert all(x.numpy().tobytes() in kept for x in raw)
    x = torch.cat([x for x, _ in data.ordered("train", 3, "cpu", torch.float64)])
    assert x.mean((0, 2, 3)).abs().max() < 1e-6
    assert (x.std((0, 2, 3), correction=0) - 1).abs().max() < 1e-4


def test_pillow_images_and_planes() -> None:
    assert made(pairs([picture(i) for i in range(12)])).shape.channels == 3
    gray = made(pairs([picture(i, "L") for i in range(12)]))
    assert gray.shape.channels == 1
    planes = made(pairs([np.asarray(picture(i, "L")) for i in range(12)]))
    assert planes.fingerprint == gray.fingerprint


def test_a_tensor_dataset() -> None:
    x, y = torch.from_numpy(eight_bit(20)), torch.arange(20) % 4
    data = from_datasets(TensorDataset(x, y), TensorDataset(x[:8], y[:8]))
    assert data.shape.classes == 4
    assert data.size("test") == 8


def test_class_names() -> None:
    train = pairs(eight_bit(12))
    assert made(train).classes == ("0", "1")
    assert made(train, classes=["no", "yes"]).classes == ("no", "yes")

    class Named(list[Any]):
        classes = ("x", "y")

    class Other(list[Any]):
        classes = ("x", "z")

    assert made(Named(train), Named(train)).classes == ("x", "y")
    refused("the same classes in train and test; got 'y' in one only", Named(train), Other(train))


def test_read_only_arrays_are_accepted() -> None:
    array = eight_bit(12)
    array.flags.writeable = False
    assert made(pairs(array)).size("test") == 4


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_pixels_that_are_not_finite(bad: float) -> None:
    array = np.random.default_rng(0).normal(size=(12, 1, 8, 8))
    array[7, 0, 3, 3] = bad
    refused(r"finite pixels; got NaN or infinity at train\[7\]", pairs(array))
    refused(r"at test\[7\]", pairs(array[:7]), pairs(array))


def test_pixels_too_large_for_single_precision() -> None:
    array = np.ones((12, 1, 8, 8))
    array[2] = 1e300
    refused(r"train\[2\]", pairs(array))


@pytest.mark.parametrize("label", [-1, 2, 7])
def test_labels_out_of_range(label: int) -> None:
    train = pairs(eight_bit(12))
    wrong = [*train[:5], (train[5][0], label), *train[6:]]
    refused(rf"labels from 0 to 1; got {label} at train\[5\]", wrong, classes=["a", "b"])
    refused(rf"labels from 0 to 1; got {label} at test\[5\]", train, wrong)


@pytest.mark.parametrize("label", [0.5, 1.0, "cat", None, True, torch.tensor([0, 1]), torch.tensor(1.0)])
def test_labels_that_are_not_whole_numbers(label: Any) -> None:
    train = pairs(eight_bit(12))
    train[3] = (train[3][0], label)
    refused(r"whole numbers.*train\[3\]", train)


@pytest.mark.parametrize(
    "label", [np.int64(1), np.uint8(1), torch.tensor(1), torch.tensor([1]), np.array([1])]
)
def test_labels_in_other_clothes(label: Any) -> None:
    train = pairs(eight_bit(12))
    train[3] = (train[3][0], label)
    assert made(train).shape.classes == 2


@pytest.mark.parametrize("label", [100, 10**7, 2**40, 2**70])
def test_labels_that_no_images_could_fill(label: int) -> None:
    """Refused before a name is made for each of them."""
    train = pairs(eight_bit(12))
    train[7] = (train[7][0], label)
    refused(rf"{label} at train\[7\]", train)


def test_images_without_a_channel() -> None:
    refused(r"got uint8 0 x 8 x 8 at train\[0\]", pairs(eight_bit(12, channels=0)))


def test_a_class_with_too_few_images() -> None:
    array = eight_bit(12)
    refused("at least 3 training images.*got 0 in class '1'", [(a, 2 * (i % 2)) for i, a in enumerate(array)])
    refused("at least 2 classes; got 1", [(a, 0) for a in array])


def test_images_that_differ() -> None:
    train = pairs(list(eight_bit(12)))
    for other, got in (
        (eight_bit(1, 3, 9, 8)[0], "uint8 3 x 9 x 8"),
        (eight_bit(1, 1)[0], "uint8 1 x 8 x 8"),
        (np.zeros((3, 8, 8), np.float32), "float32 3 x 8 x 8"),
    ):
        changed = [*train[:4], (other, 0), *train[5:]]
        refused(rf"uint8 3 x 8 x 8 as train\[0\]; got {got} at train\[4\]", changed)
        refused(rf"got {got} at test\[4\]", train, changed)


@pytest.mark.parametrize(
    ("image", "got"),
    [
        (np.zeros((3, 7, 8), np.uint8), "uint8 3 x 7 x 8"),
        (np.zeros((32, 32, 3), np.uint8), "uint8 32 x 32 x 3"),
        (np.zeros(64, np.uint8), "uint8 64"),
        (np.zeros((1, 3, 8, 8), np.uint8), "uint8 1 x 3 x 8 x 8"),
        (torch.zeros(3, 8, 8, dtype=torch.complex64), "complex64 3 x 8 x 8"),
        (np.zeros((3, 8, 8), complex), "array of complex128"),
        (np.full((3, 8, 8), "x"), "array of <U1"),
        ("cat.png", "str"),
        (None, "NoneType"),
    ],
)
def test_what_is_not_an_image(image: Any, got: str) -> None:
    refused(rf"{got} at train\[0\]", pairs([image] * 12))


def test_what_is_not_a_dataset() -> None:
    class Stream(IterableDataset[Any]):
        def __iter__(self) -> Any:
            return iter(())

    class Broken(list[Any]):
        def __getitem__(self, index: Any) -> Any:
            if index == 2:
                raise OSError("disk on fire")
            return super().__getitem__(index)

    train = pairs(eight_bit(12))
    refused("a length and items by index; got Stream as train", Stream(), train)
    refused("images in test; got none", train, [])
    refused(r"items \(image, label\); got ndarray at train\[0\]", [a for a, _ in train], train)
    refused(r"OSError at train\[2\] \(disk on fire\)", Broken(train), train)


def test_too_much_for_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gapless.data.custom.MEMORY_LIMIT", 1000)
    with pytest.raises(Refused, match="use folder:PATH"):
        made(pairs(eight_bit(12)))
