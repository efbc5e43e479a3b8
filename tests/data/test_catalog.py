from __future__ import annotations

import gzip
import hashlib
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision import datasets

from gapless.core.errors import BadData, BadValue, UnknownName
from gapless.core.streams import Streams
from gapless.data import Augment, ImageShape, get, names, official

IDX = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


def test_importing_the_package_does_not_import_torch() -> None:
    code = (
        "import sys, gapless.data; from gapless.data.shape import ImageShape; print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "False"


def test_the_exported_names() -> None:
    import gapless.data as package

    for name in package.__all__:
        assert getattr(package, name) is not None
    with pytest.raises(AttributeError, match="nothing"):
        _ = package.nothing


def test_names() -> None:
    assert names() == ("digits", "fashion-mnist", "cifar10", "cifar100", "folder:PATH")


def test_digits() -> None:
    from sklearn.datasets import load_digits

    data = get("digits")
    assert data.shape == ImageShape(1, 8, 8, 10)
    assert data.augment == Augment(shift=1)
    sizes = {name: len(part) for name, part in data.splits.items()}
    assert sum(sizes.values()) == 1797
    assert abs(sizes["test"] - 0.20 * 1797) < 5
    assert abs(sizes["audit"] - 0.15 * 1797) < 5
    assert abs(sizes["train"] - sizes["val"]) <= 5
    pixels = torch.cat([data.images.read(part.rows, torch.device("cpu")) for part in data.splits.values()])
    assert pixels.max() == 255
    expected = np.rint(load_digits().images * 255 / 16).sum()
    assert int(pixels.long().sum()) == int(expected)


def test_digits_at_another_size() -> None:
    data = get("digits", size=16, limit=100)
    assert data.shape == ImageShape(1, 16, 16, 10)
    assert data.size(("train", "val", "audit")) == 100
    assert data.batch("train", 0, 8, Streams(0), "cpu")[0].shape == (8, 1, 16, 16)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("cifar-10", "did you mean 'cifar10'"),
        ("mnist", "did you mean 'fashion-mnist'"),
        ("zzz", "choose one of cifar10"),
    ],
)
def test_unknown_names(name: str, near: str) -> None:
    with pytest.raises(UnknownName, match=near):
        get(name)


def test_a_path_without_its_prefix(tmp_path: Path) -> None:
    with pytest.raises(BadValue, match=f"write folder:{tmp_path}"):
        get(str(tmp_path))


@pytest.mark.parametrize("what", ["size", "limit"])
@pytest.mark.parametrize("value", [-1, 0, 7])
def test_sizes_and_limits_below_eight(what: str, value: int) -> None:
    for name in ("digits", "folder:nowhere"):
        with pytest.raises(BadValue, match=f"{what} of at least 8; got {value}"):
            get(name, **{what: value})


def test_a_limit_below_three_a_class() -> None:
    with pytest.raises(BadValue, match="at least 30 images"):
        get("digits", limit=29)


def write_fashion(place: Path, *, packed: bool, train: int = 50, test: int = 20) -> None:
    """The four files of a Fashion-MNIST with few images, in the format of the real ones."""
    place.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for name, n in zip(IDX, (train, train, test, test), strict=True):
        if "images" in name:
            body = (
                np.array([2051, n, 28, 28], ">i4").tobytes()
                + rng.integers(0, 256, n * 784, np.uint8).tobytes()
            )
        else:
            body = np.array([2049, n], ">i4").tobytes() + (np.arange(n) % 10).astype(np.uint8).tobytes()
        (place / (name + ".gz" * packed)).write_bytes(gzip.compress(body) if packed else body)


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("below", ["", "FashionMNIST/raw"])
def test_fashion_mnist_where_its_files_may_be(
    tmp_path: Path, packed: bool, below: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_fashion(tmp_path / below, packed=packed)
    data = get("fashion-mnist", root=str(tmp_path))
    assert data.shape == ImageShape(1, 28, 28, 10)
    assert data.classes[9] == "Ankle boot"
    assert data.augment == Augment(flip=True, shift=2)
    assert (data.size("test"), data.size(("train", "val", "audit"))) == (20, 50)
    monkeypatch.setenv("GAPLESS_DATA", str(tmp_path))
    assert get("fashion-mnist").fingerprint == data.fingerprint
    assert sorted(p for p in tmp_path.rglob("*") if p.is_file()) == sorted(
        tmp_path / below / (name + ".gz" * packed) for name in IDX
    )


def test_a_damaged_file_of_fashion_mnist(tmp_path: Path) -> None:
    write_fashion(tmp_path, packed=True)
    file = tmp_path / "t10k-labels-idx1-ubyte.gz"
    file.write_bytes(file.read_bytes()[:10])
    with pytest.raises(BadData, match=r"an idx file.*t10k-labels"):
        get("fashion-mnist", root=str(tmp_path))


def test_labels_and_images_that_do_not_match(tmp_path: Path) -> None:
    write_fashion(tmp_path, packed=False, train=50)
    write_fashion(tmp_path / "other", packed=False, train=49)
    (tmp_path / "other" / IDX[1]).replace(tmp_path / IDX[1])
    with pytest.raises(BadData, match="50 images, 49 labels"):
        get("fashion-mnist", root=str(tmp_path))


@pytest.mark.slow
def test_the_installed_fashion_mnist() -> None:
    if not any(place.is_dir() for place in official.FASHION_PLACES):
        pytest.skip("Fashion-MNIST is not installed (Debian package dataset-fashion-mnist)")
    data = get("fashion-mnist", root="/nonexistent")
    assert [data.size(name) for name in ("train", "val", "audit", "test")] == [27000, 27000, 6000, 10000]
    assert abs(data.mean[0] - 0.2860) < 1e-3
    assert abs(data.std[0] - 0.3530) < 1e-3
    for name in data.splits:
        assert len(set(np.bincount(data.splits[name].labels))) == 1
    small = get("fashion-mnist", root="/nonexistent", limit=600)
    assert [small.size(name) for name in ("train", "val", "audit", "test")] == [270, 270, 60, 100]


@pytest.mark.parametrize(("name", "kind"), [("cifar10", "CIFAR10"), ("fashion-mnist", "FashionMNIST")])
def test_neither_a_copy_nor_a_network(
    tmp_path: Path, name: str, kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = "http://127.0.0.1:9/"
    monkeypatch.setattr(official, "FASHION_PLACES", ())
    monkeypatch.setattr(datasets.CIFAR10, "url", nowhere + "cifar-10-python.tar.gz")
    monkeypatch.setattr(datasets.FashionMNIST, "mirrors", [nowhere])
    with pytest.raises(BadData, match=f"{kind} in '.*', or a network to download it; got neither"):
        get(name, root=str(tmp_path))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("name", "kind", "key"), [("cifar10", "CIFAR10", "labels"), ("cifar100", "CIFAR100", "fine_labels")]
)
def test_a_local_copy_of_cifar(
    tmp_path: Path, name: str, kind: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy with few images, whose check sums take the place of the real ones."""
    reader = getattr(datasets, kind)
    place = tmp_path / reader.base_folder
    place.mkdir()
    classes = 10 if name == "cifar10" else 100

    def write(file: str, content: dict[str, object]) -> str:
        (place / file).write_bytes(pickle.dumps(content, 2))
        return hashlib.md5((place / file).read_bytes()).hexdigest()

    def half(files: list[list[str]], n: int, seed: int) -> list[list[str]]:
        rng = np.random.default_rng(seed)
        content = {
            "data": rng.integers(0, 256, (n, 3072), dtype=np.uint8),
            key: [i % classes for i in range(n)],
        }
        return [[file, write(file, content)] for file, _ in files]

    monkeypatch.setattr(reader, "train_list", half(reader.train_list, 4 * classes, 0))
    monkeypatch.setattr(reader, "test_list", half(reader.test_list, classes, 1))
    titles = {reader.meta["key"]: [f"c{i}" for i in range(classes)]}
    monkeypatch.setattr(reader, "meta", {**reader.meta, "md5": write(reader.meta["filename"], titles)})

    data = get(name, root=str(tmp_path))
    assert data.shape == ImageShape(3, 32, 32, classes)
    assert data.classes[1] == "c1"
    assert data.augment == Augment(flip=True, shift=4)
    assert data.size("test") == classes
    first = np.random.default_rng(1).integers(0, 256, (classes, 3072), dtype=np.uint8)[0].reshape(3, 32, 32)
    tests = data.images.read(data.splits["test"].rows, torch.device("cpu")).numpy()
    assert (tests == first).all((1, 2, 3)).sum() == 1


@pytest.mark.slow
def test_a_subset_of_cifar10_as_a_folder(tmp_path: Path) -> None:
    script = Path(__file__).parents[3] / "shared" / "data" / "unpack_cifar10.py"
    if not script.is_file():
        pytest.skip(f"no CIFAR-10 subset: {script} is missing")
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True)
    data = get(f"folder:{tmp_path}")
    assert data.shape == ImageShape(3, 32, 32, 10)
    assert data.augment == Augment(flip=True, shift=4)
    assert [data.size(name) for name in ("train", "val", "audit", "test")] == [9000, 9000, 2000, 5000]
    assert np.allclose(data.mean, (0.4914, 0.4822, 0.4465), atol=0.01)
    assert np.allclose(data.std, (0.2470, 0.2435, 0.2616), atol=0.01)
    small = get(f"folder:{tmp_path}", limit=1000)
    assert [small.size(name) for name in ("train", "val", "audit", "test")] == [450, 450, 100, 250]
