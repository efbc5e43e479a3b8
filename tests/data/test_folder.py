from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from gapless.core.errors import BadData, BadValue
from gapless.core.streams import Streams
from gapless.data import Augment, ImageShape, folder, get

from .conftest import Tree, picture


def test_class_folders_are_split_in_four(tree: Tree) -> None:
    data = get(f"folder:{tree({'cat': 20, 'dog': 20})}")
    assert data.classes == ("cat", "dog")
    assert data.shape == ImageShape(3, 8, 8, 2)
    assert data.augment == Augment(flip=True, shift=1)
    assert {name: len(part) for name, part in data.splits.items()} == {
        "train": 13,
        "val": 13,
        "audit": 6,
        "test": 8,
    }


def test_every_pixel_and_label_is_that_of_its_file(tree: Tree) -> None:
    root = tree({"a": 6, "b": 5, "c": 4})
    data = get(f"folder:{root}")
    there = {}
    for number, title in enumerate(data.classes):
        for path in (root / title).iterdir():
            there[np.asarray(Image.open(path)).transpose(2, 0, 1).tobytes()] = number
    assert len(there) == 15
    seen = {}
    for name, part in data.splits.items():
        raw = data.images.read(part.rows, torch.device("cpu"))
        y = torch.cat([y for _, y in data.ordered(name, 4, "cpu")])
        seen.update({x.numpy().tobytes(): int(label) for x, label in zip(raw, y, strict=True)})
    assert seen == there


def test_train_and_test_folders(tree: Tree) -> None:
    tree({"a": 10, "b": 10}, "train")
    root = tree({"a": 3, "b": 2}, "test")
    data = get(f"folder:{root}")
    assert [len(data.splits[name]) for name in ("train", "val", "audit", "test")] == [9, 9, 2, 5]


def test_val_counts_as_training_images(tree: Tree) -> None:
    tree({"a": 10, "b": 10}, "train")
    tree({"a": 5, "b": 5}, "val")
    root = tree({"a": 3, "b": 2}, "test")
    data = get(f"folder:{root}")
    assert data.size(("train", "val", "audit")) == 30
    assert data.size("test") == 5


def test_train_without_test_is_split_in_four(tree: Tree) -> None:
    data = get(f"folder:{tree({'a': 10, 'b': 10}, 'train')}")
    assert data.size("test") == 4


def test_a_class_may_be_called_train(tree: Tree) -> None:
    assert get(f"folder:{tree({'bus': 5, 'train': 5})}").classes == ("bus", "train")


def test_what_is_not_an_image_is_passed_over(tree: Tree) -> None:
    root = tree({"a": 5, "b": 5})
    plain = get(f"folder:{root}").fingerprint
    (root / "a" / "notes.txt").write_text("hello")
    (root / "a" / ".hidden.png").write_text("not an image")
    (root / "README").write_text("hello")
    (root / ".git").mkdir()
    (root / "b" / "more.png").mkdir()
    assert get(f"folder:{root}").fingerprint == plain


def test_gray_only_where_every_image_is(tree: Tree) -> None:
    root = tree({"a": 5, "b": 5}, mode="L")
    assert get(f"folder:{root}").shape.channels == 1
    picture(0, "RGB").save(root / "b" / "000.png")
    assert get(f"folder:{root}").shape.channels == 3


@pytest.mark.parametrize("count", [2, 3, 11])
def test_any_number_of_classes(tree: Tree, count: int) -> None:
    data = get(f"folder:{tree({f'c{i:02d}': 4 for i in range(count)})}")
    assert data.shape.classes == count
    assert [len(data.splits[name]) for name in ("train", "val", "audit", "test")] == [count] * 4


@settings(derandomize=True, deadline=None, max_examples=12)
@given(st.integers(8, 40), st.integers(8, 40), st.sampled_from(["L", "RGB"]))
def test_one_size_is_kept(
    tmp_path_factory: pytest.TempPathFactory, height: int, width: int, mode: str
) -> None:
    root = tmp_path_factory.mktemp("sizes")
    for title in "ab":
        (root / title).mkdir()
        for i in range(4):
            picture(i, mode, height, width).save(root / title / f"{i}.bmp")
    data = get(f"folder:{root}")
    assert data.shape == ImageShape(len(mode) if mode == "RGB" else 1, height, width, 2)
    x, _ = data.batch("train", 0, 64, Streams(0), "cpu", augment=replace(data.augment, cutout=4))
    assert x.shape == (2, data.shape.channels, height, width)
    assert torch.isfinite(x).all()


@pytest.mark.parametrize(
    ("sizes", "asked", "side"),
    [
        ([(20, 30), (30, 20)], None, 20),
        ([(20, 30), (40, 40), (40, 50)], None, 40),
        ([(100, 120)], None, 64),
        ([(97, 20)], None, 20),
        ([(200, 300), (90, 70)], None, 64),
        ([(20, 30), (30, 20)], 9, 9),
        ([(16, 16)], 32, 32),
        ([(8, 9), (9, 8)], None, 8),
    ],
)
def test_other_sizes_become_a_square(
    tmp_path: Path, sizes: list[tuple[int, int]], asked: int | None, side: int
) -> None:
    for title in "ab":
        (tmp_path / title).mkdir()
        for i in range(6):
            picture(i, "L", *sizes[i % len(sizes)]).save(tmp_path / title / f"{i}.png")
    assert get(f"folder:{tmp_path}", size=asked).shape == ImageShape(1, side, side, 2)


def test_decoding_late_gives_the_same_numbers(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tree({"a": 12, "b": 12}, height=16, width=12)
    early = get(f"folder:{root}")
    monkeypatch.setattr(folder, "MEMORY_LIMIT", 100)
    late = get(f"folder:{root}")
    assert (early.images.lazy, late.images.lazy) == (False, True)
    assert (early.mean, early.std) == (late.mean, late.std)
    for step in (0, 1, 2, 7, 3):
        for split in ("train", "val", ("train", "val")):
            a, b = (d.batch(split, step, 4, Streams(1), "cpu", augment=d.augment) for d in (early, late))
            assert torch.equal(a[0], b[0])
            assert torch.equal(a[1], b[1])
    pairs = zip(early.ordered("audit", 3, "cpu"), late.ordered("audit", 3, "cpu"), strict=True)
    assert all(torch.equal(a[0], b[0]) for a, b in pairs)
    copy = pickle.loads(pickle.dumps(late))
    assert torch.equal(
        copy.batch("val", 0, 4, Streams(1), "cpu")[0], late.batch("val", 0, 4, Streams(1), "cpu")[0]
    )


def test_the_fingerprint_of_late_files(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "MEMORY_LIMIT", 100)
    root = tree({"a": 5, "b": 5})
    first = get(f"folder:{root}").fingerprint
    assert get(f"folder:{root}").fingerprint == first
    (root / "a" / "000.png").rename(root / "a" / "0000.png")
    assert get(f"folder:{root}").fingerprint != first


def test_the_fingerprint_follows_pixels_not_the_place(tree: Tree, tmp_path: Path) -> None:
    root = tree({"a": 5, "b": 5}, "here")
    root = (tmp_path / "here").rename(tmp_path / "there")
    first = get(f"folder:{root}").fingerprint
    picture(99).save(root / "a" / "here000.png")
    assert get(f"folder:{root}").fingerprint != first


def test_a_limit_decodes_only_what_it_keeps(tree: Tree) -> None:
    data = get(f"folder:{tree({'a': 40, 'b': 40})}", limit=8)
    assert data.size(("train", "val", "audit")) == 8
    assert len(data.images.names if data.images.lazy else data.images.pixels) == sum(
        map(len, data.splits.values())
    )


def refused(root: Path | str, match: str, kind: type[Exception] = BadData) -> None:
    with pytest.raises(kind, match=match) as caught:
        get(f"folder:{root}")
    assert "\n" not in str(caught.value)


def test_missing_and_wrong_folders(tree: Tree, tmp_path: Path) -> None:
    refused(tmp_path / "nowhere", "nowhere', which does not exist")
    (tmp_path / "file").touch()
    refused(tmp_path / "file", "which is a file")
    refused("", "folder:PATH", BadValue)
    with pytest.raises(BadValue, match="folder:PATH; got 'folder'"):
        get("folder")


def test_an_empty_folder(tmp_path: Path) -> None:
    refused(tmp_path, "at least 2 class folders.*got none")
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    refused(tmp_path, r"images in .*got none; add files of the kinds .*\.png.*\.gif")


def test_images_outside_class_folders(tmp_path: Path) -> None:
    picture(0).save(tmp_path / "0.png")
    refused(tmp_path, "at least 2 class folders.*put the images of each class in a folder")


def test_one_class(tree: Tree) -> None:
    refused(tree({"cat": 9}), r"at least 2 class folders.*got 1 \('cat'\)")


def test_too_few_images(tree: Tree) -> None:
    refused(tree({"cat": 9, "dog": 3}), "at least 4 images in every class.*got 3 in class 'dog'")


def test_too_few_images_beside_a_test_folder(tree: Tree) -> None:
    tree({"cat": 9, "dog": 2}, "train")
    refused(tree({"cat": 1, "dog": 1}, "test"), "at least 3 training images.*got 2 in class 'dog'")


def test_a_class_without_test_images(tree: Tree) -> None:
    tree({"cat": 9, "dog": 9}, "train")
    refused(tree({"cat": 1, "dog": 0}, "test"), "at least 1 test image.*dog")


@pytest.mark.parametrize("other", ["test", "val"])
def test_other_classes_elsewhere(tree: Tree, other: str) -> None:
    tree({"cat": 9, "dog": 9}, "train")
    refused(
        tree({"cat": 3, "fox": 3}, other), f"same class folders in train and {other}; got 'dog' in train only"
    )


def test_test_without_train(tree: Tree) -> None:
    refused(tree({"cat": 3, "dog": 3}, "test"), "class folders in test only")


def test_a_damaged_image(tree: Tree) -> None:
    root = tree({"cat": 9, "dog": 9})
    (root / "dog" / "004.png").write_bytes(b"\x89PNG broken")
    refused(root, "an image that can be read; got '.*004.png'.*repair or remove")


def test_an_image_cut_short(tree: Tree) -> None:
    root = tree({"cat": 9, "dog": 9}, height=32, width=32)
    file = root / "dog" / "004.png"
    file.write_bytes(file.read_bytes()[:1500])
    refused(root, "004.png")


def test_an_image_too_small(tree: Tree) -> None:
    root = tree({"cat": 9, "dog": 9})
    picture(0, "RGB", 7, 20).save(root / "dog" / "004.png")
    refused(root, r"at least 8 x 8 pixels; got '.*004.png' of 7 x 20")
