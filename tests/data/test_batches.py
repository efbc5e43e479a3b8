from __future__ import annotations

import hashlib
import pickle
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gapless.core.errors import BadValue, UnknownName
from gapless.core.streams import Streams
from gapless.data import Augment, Data, get
from gapless.data.batches import assemble
from gapless.data.images import Memory
from gapless.data.split import divide

fast = settings(derandomize=True, deadline=None, max_examples=30)

ACROSS = """
import hashlib, sys
from gapless.core.streams import Streams
from gapless.data import get
data = get("digits")
x, y = data.batch(("train", "val"), int(sys.argv[1]), 32, Streams(7), "cpu", augment=data.augment)
print(hashlib.sha256(x.numpy().tobytes() + y.numpy().tobytes()).hexdigest(), data.fingerprint)
"""


def numbered(per_class: int = 20, classes: int = 3, channels: int = 1, side: int = 8) -> Data:
    """A set whose image ``i`` holds the number ``i`` in every pixel, as floating point."""
    n = per_class * classes
    pixels = torch.arange(n, dtype=torch.float32).view(n, 1, 1, 1).expand(n, channels, side, side)
    labels = np.arange(n) % classes
    titles = [str(i) for i in range(classes)]
    plan = divide(labels, titles)
    return assemble("numbered", titles, labels, plan, lambda rows: Memory(pixels[rows]), Augment())


def which(data: Data, x: torch.Tensor) -> list[int]:
    raw = x.double() * data.std[0] + data.mean[0]
    return raw[:, 0, 0, 0].round().int().tolist()


@pytest.fixture(scope="module")
def digits() -> Data:
    return get("digits")


def test_a_batch_is_a_function_of_seed_and_step(digits: Data) -> None:
    def at(step: int, seed: int = 0, split: Any = "train") -> bytes:
        x, y = digits.batch(split, step, 32, Streams(seed), "cpu", augment=digits.augment)
        return x.numpy().tobytes() + y.numpy().tobytes()

    later = at(41)
    torch.manual_seed(5)
    assert [at(step) for step in (0, 17, 41)] == [at(step) for step in (0, 17, 41)]
    assert at(41) == later
    assert len({at(0), at(1), at(18), at(0, seed=1), at(0, split="val"), at(0, split=("train", "val"))}) == 6


def test_the_global_random_state_is_neither_used_nor_moved(digits: Data) -> None:
    before = torch.random.get_rng_state()
    digits.batch("train", 3, 32, Streams(0), "cpu", augment=Augment(True, 1, 4))
    assert torch.equal(before, torch.random.get_rng_state())


def test_the_same_in_another_process(digits: Data) -> None:
    command = [sys.executable, "-c", ACROSS, "29"]
    there = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    x, y = digits.batch(("train", "val"), 29, 32, Streams(7), "cpu", augment=digits.augment)
    assert there == [
        hashlib.sha256(x.numpy().tobytes() + y.numpy().tobytes()).hexdigest(),
        digits.fingerprint,
    ]


@fast
@given(st.integers(2, 30), st.integers(0, 3))
def test_an_epoch_visits_each_image_at_most_once(batch: int, epoch: int) -> None:
    data = numbered()
    steps = data.steps("train", batch)
    seen: list[int] = []
    for step in range(epoch * steps, (epoch + 1) * steps):
        x, y = data.batch("train", step, batch, Streams(2), "cpu")
        assert len(x) == len(y) == min(batch, data.size("train"))
        assert [i % 3 for i in which(data, x)] == y.tolist()
        seen += which(data, x)
    mine = set(data.images.read(data.splits["train"].rows, torch.device("cpu"))[:, 0, 0, 0].int().tolist())
    assert len(seen) == len(set(seen))
    assert set(seen) <= mine
    assert len(mine) - len(seen) < batch


def test_epochs_differ_in_order() -> None:
    data = numbered()
    first, second = (which(data, data.batch("train", step, 100, Streams(0), "cpu")[0]) for step in (0, 1))
    assert first != second
    assert sorted(first) == sorted(second)


def test_a_split_below_a_batch_is_one_batch() -> None:
    data = numbered(per_class=4, classes=2)
    assert data.size("train") == 2
    assert data.steps("train", 64) == 1
    assert len(data.batch("train", 5, 64, Streams(0), "cpu")[0]) == 2


def test_a_union_is_its_parts() -> None:
    data = numbered()
    both = ("train", "val")
    assert data.size(both) == data.size("train") + data.size("val")
    parts = [i for part in both for x, _ in data.ordered(part, 7, "cpu") for i in which(data, x)]
    union = [i for x, _ in data.ordered(both, 7, "cpu") for i in which(data, x)]
    assert union == parts
    drawn = which(data, data.batch(both, 0, 1000, Streams(0), "cpu")[0])
    assert sorted(drawn) == sorted(parts)
    assert drawn != parts


def test_splits_share_no_image() -> None:
    data = numbered()
    seen = [i for name in data.splits for x, _ in data.ordered(name, 64, "cpu") for i in which(data, x)]
    assert sorted(seen) == list(range(60))


@pytest.mark.parametrize("batch", [1, 5, 12, 13, 1000])
def test_ordered_is_the_whole_split_with_its_remainder(batch: int) -> None:
    data = numbered()
    sizes = [len(x) for x, _ in data.ordered("train", batch, "cpu")]
    assert sum(sizes) == data.size("train")
    assert set(sizes[:-1]) <= {batch}
    once, twice = ([which(data, x) for x, _ in data.ordered("train", batch, "cpu")] for _ in range(2))
    assert once == twice


def test_normalised_with_the_train_split(digits: Data) -> None:
    x = torch.cat([x for x, _ in digits.ordered("train", 256, "cpu", torch.float64)])
    assert x.dtype == torch.float64
    assert x.mean().abs() < 1e-12
    assert abs(x.std(correction=0) - 1) < 1e-12
    y = torch.cat([y for _, y in digits.ordered("train", 256, "cpu")])
    assert y.dtype == torch.int64
    assert torch.bincount(y, minlength=10).min() >= 50


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16])
def test_dtypes(digits: Data, dtype: torch.dtype) -> None:
    x, _ = digits.batch("train", 0, 16, Streams(0), "cpu", dtype, replace(digits.augment, cutout=3))
    exact, _ = digits.batch(
        "train", 0, 16, Streams(0), "cpu", torch.float64, replace(digits.augment, cutout=3)
    )
    assert x.dtype == dtype
    assert torch.allclose(x.double(), exact, atol=1e-6 if dtype in (torch.float32, torch.float64) else 2e-2)


def test_no_augmentation_unless_asked(digits: Data) -> None:
    plain, _ = digits.batch("train", 0, 64, Streams(0), "cpu")
    none, _ = digits.batch("train", 0, 64, Streams(0), "cpu", augment=Augment())
    some, _ = digits.batch("train", 0, 64, Streams(0), "cpu", augment=digits.augment)
    assert torch.equal(plain, none)
    assert not torch.equal(plain, some)


def test_a_constant_channel_stays_finite() -> None:
    pixels = torch.zeros(12, 2, 8, 8, dtype=torch.uint8)
    pixels[:, 1] = torch.arange(12, dtype=torch.uint8).view(12, 1, 1) * 20
    labels = np.arange(12) % 2
    data = assemble("c", "ab", labels, divide(labels, "ab"), lambda rows: Memory(pixels[rows]), Augment())
    assert data.std[0] == 1
    assert torch.isfinite(data.batch("train", 0, 4, Streams(0), "cpu")[0]).all()


def test_writing_into_a_batch_does_not_reach_the_data() -> None:
    data = numbered()
    before = data.fingerprint
    for x, y in (data.batch("train", 0, 8, Streams(0), "cpu"), *data.ordered("train", 8, "cpu")):
        x.zero_()
        y.zero_()
    again = numbered()
    assert again.fingerprint == before == replace(data).fingerprint
    assert all(
        (y == z).all()
        for (_, y), (_, z) in zip(
            data.ordered("train", 8, "cpu"), again.ordered("train", 8, "cpu"), strict=True
        )
    )


def test_the_fingerprint_tells_sets_apart(digits: Data) -> None:
    marks = {
        digits.fingerprint,
        get("digits", split_seed=1).fingerprint,
        get("digits", limit=100).fingerprint,
        get("digits", size=16).fingerprint,
        numbered().fingerprint,
        numbered(classes=2).fingerprint,
        numbered(channels=3).fingerprint,
    }
    assert len(marks) == 7
    assert get("digits").fingerprint == digits.fingerprint


def test_survives_a_pickle(digits: Data) -> None:
    copy = pickle.loads(pickle.dumps(digits))
    assert copy.fingerprint == digits.fingerprint
    assert torch.equal(
        copy.batch("val", 2, 8, Streams(0), "cpu")[0], digits.batch("val", 2, 8, Streams(0), "cpu")[0]
    )


def test_bad_values(digits: Data) -> None:
    streams = Streams(0)
    for batch in (1, 0, -3):
        with pytest.raises(BadValue, match=f"at least 2 images; got {batch}"):
            digits.batch("train", 0, batch, streams, "cpu")
    with pytest.raises(BadValue, match="a step >= 0"):
        digits.batch("train", -1, 8, streams, "cpu")
    with pytest.raises(UnknownName, match="'trian'; did you mean 'train'"):
        digits.batch("trian", 0, 8, streams, "cpu")
    with pytest.raises(UnknownName, match="'valid'"):
        digits.size(("train", "valid"))
    with pytest.raises(BadValue, match="each split once"):
        digits.size(("train", "train"))
    with pytest.raises(BadValue, match="each split once"):
        digits.size(())
    with pytest.raises(BadValue, match="at least 1 image"):
        digits.ordered("test", 0, "cpu")
    with pytest.raises(BadValue, match="below 8 pixels"):
        digits.batch("train", 0, 8, streams, "cpu", augment=Augment(shift=8))


def test_every_step_and_split_is_augmented_in_its_own_way() -> None:
    pixels = torch.arange(64, dtype=torch.uint8).view(1, 1, 8, 8).repeat(60, 1, 1, 1)
    labels = np.arange(60) % 2
    data = assemble("same", "ab", labels, divide(labels, "ab"), lambda rows: Memory(pixels[rows]), Augment())
    augment = Augment(flip=True, shift=2, cutout=3)

    def at(step: int, seed: int = 0, split: str = "train") -> bytes:
        return data.batch(split, step, 8, Streams(seed), "cpu", augment=augment)[0].numpy().tobytes()

    assert len({at(0), at(1), at(2), at(0, seed=1), at(0, split="val")}) == 5
    assert at(1) == at(1)


# -- coarser images ------------------------------------------------------------------------------------


def test_coarse_pixels_are_means_of_squares(digits: Data) -> None:
    small = digits.coarsened(3)  # 8 pixels by squares of 3: 2 pixels, and 2 left out
    assert (small.shape.height, small.shape.width, small.coarse) == (2, 2, 3)
    fine, y = digits.batch("train", 5, 16, Streams(1), "cpu", torch.float64, augment=digits.augment)
    seen, labels = small.batch("train", 5, 16, Streams(1), "cpu", torch.float64, augment=digits.augment)
    means = fine[:, :, :6, :6].reshape(16, 1, 2, 3, 2, 3).mean((3, 5))
    assert torch.equal(y, labels)
    assert (means - seen).abs().max() < 1e-12
    plain, _ = next(small.ordered("val", 7, "cpu", torch.float64))
    whole, _ = next(digits.ordered("val", 7, "cpu", torch.float64))
    assert (whole[:, :, :6, :6].reshape(7, 1, 2, 3, 2, 3).mean((3, 5)) - plain).abs().max() < 1e-12


def test_images_that_are_small_enough_stay(digits: Data) -> None:
    assert digits.coarsened(8) is digits
    assert digits.coarsened(100) is digits
    assert digits.coarsened(4).coarsened(2).coarse == digits.coarsened(2).coarse == 4
    assert digits.coarsened(4).fingerprint != digits.fingerprint
    with pytest.raises(BadValue, match="side of at least 1 pixel"):
        digits.coarsened(0)
