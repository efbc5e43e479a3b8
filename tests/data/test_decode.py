from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gapless.core.errors import BadData
from gapless.data.decode import Form, decode, header, pixels

RAMP = np.arange(12 * 10, dtype=np.uint8).reshape(12, 10)


def saved(path: Path, array: np.ndarray) -> Path:
    Image.fromarray(array).save(path)
    return path


@pytest.mark.parametrize("kind", ["png", "bmp", "tif", "tiff", "pgm", "gif"])
def test_gray_kinds_keep_their_pixels(tmp_path: Path, kind: str) -> None:
    path = saved(tmp_path / f"a.{kind}", RAMP)
    assert header(path) == Form(1, 12, 10)
    assert np.array_equal(decode(path, Form(1, 12, 10))[0], RAMP)
    assert np.array_equal(decode(path, Form(3, 12, 10)), np.stack([RAMP] * 3))


@pytest.mark.parametrize("kind", ["png", "bmp", "ppm", "webp", "jpg", "jpeg"])
def test_colour_kinds(tmp_path: Path, kind: str) -> None:
    array = np.full((12, 10, 3), (200, 100, 50), np.uint8)
    path = saved(tmp_path / f"a.{kind}", array)
    assert header(path) == Form(3, 12, 10)
    got = decode(path, Form(3, 12, 10))
    assert got.shape == (3, 12, 10)
    assert np.abs(got.astype(int) - array.transpose(2, 0, 1)).max() <= 4


def test_sixteen_bits_keep_the_upper_eight(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", RAMP.astype(np.uint16) * 256 + 255)
    assert header(path).channels == 1
    assert np.array_equal(decode(path, Form(1, 12, 10))[0], RAMP)


def test_transparency_and_palettes(tmp_path: Path) -> None:
    array = np.zeros((8, 8, 4), np.uint8)
    array[..., 0], array[..., 3] = 255, 7
    clear = saved(tmp_path / "a.png", array)
    assert header(clear).channels == 3
    assert decode(clear, Form(3, 8, 8)).reshape(3, -1).max(1).tolist() == [255, 0, 0]
    palette = tmp_path / "b.png"
    Image.fromarray(array).convert("RGB").quantize(4).save(palette, transparency=b"\x00\x10\x20\x30")
    assert decode(palette, Form(3, 8, 8)).reshape(3, -1).max(1).tolist() == [255, 0, 0]


def test_of_an_animation_the_first_frame(tmp_path: Path) -> None:
    frames = [Image.new("L", (8, 8), value) for value in (10, 200)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert (decode(tmp_path / "a.gif", Form(1, 8, 8)) == 10).all()


def test_the_middle_is_kept(tmp_path: Path) -> None:
    array = np.zeros((16, 48), np.uint8)
    array[:, 16:32] = 255
    wide, tall = saved(tmp_path / "w.png", array), saved(tmp_path / "t.png", array.T.copy())
    for path in (wide, tall):
        assert (decode(path, Form(1, 16, 16)) == 255).all()
        assert (decode(path, Form(1, 8, 8))[0, 1:-1, 1:-1] == 255).all()
    assert (decode(wide, Form(1, 8, 24))[0, :, 9:15] == 255).all()
    assert (decode(wide, Form(1, 8, 24))[0, :, :7] == 0).all()


@pytest.mark.parametrize(("height", "width", "side"), [(30, 60, 10), (60, 30, 10), (40, 80, 20), (9, 27, 18)])
def test_resizing_then_cropping(tmp_path: Path, height: int, width: int, side: int) -> None:
    array = np.random.default_rng(0).integers(0, 256, (height, width), dtype=np.uint8)
    path, scale = saved(tmp_path / "a.png", array), side / min(height, width)
    whole = Image.fromarray(array).resize(
        (round(width * scale), round(height * scale)), Image.Resampling.BILINEAR
    )
    left, top = (whole.width - side) // 2, (whole.height - side) // 2
    expected = np.asarray(whole)[top : top + side, left : left + side].astype(float)
    got = decode(path, Form(1, side, side))[0].astype(float)
    assert np.abs(got - expected).max() <= 1


@pytest.mark.parametrize("side", [28, 45, 50, 56, 100, 224])
def test_no_size_is_taken_for_a_damaged_one(side: int) -> None:
    rng = np.random.default_rng(side)
    for width, height in rng.integers(20, 300, (400, 2)).tolist():
        found = pixels(Image.new("L", (width, height), 7), Form(1, side, side))
        assert found.shape == (1, side, side)
        assert (found == 7).all()


def test_damaged_files_are_named(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    whole = saved(tmp_path / "whole.jpg", rng.integers(0, 256, (40, 40, 3), dtype=np.uint8)).read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.png").write_text("not an image")
    (tmp_path / "empty.png").touch()
    for name in ("text.png", "empty.png", "missing.png"):
        with pytest.raises(BadData, match=name):
            header(tmp_path / name)
    with pytest.raises(BadData, match=r"an image that can be read; got '.*cut\.jpg' .*repair or remove"):
        decode(tmp_path / "cut.jpg", Form(3, 40, 40))


def test_floating_point_pixels_are_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.tif", np.zeros((8, 8), np.float32))
    with pytest.raises(BadData, match="8 or 16 bits"):
        header(path)


def test_an_image_of_many_megapixels_is_read_silently(tmp_path: Path) -> None:
    Image.new("1", (10_000, 9_000)).save(tmp_path / "a.png")
    code = "from gapless.data.decode import Form, decode; from pathlib import Path; import sys; "
    code += "print(decode(Path(sys.argv[1]), Form(1, 8, 8)).sum())"
    for more in ([], ["-W", "error"]):
        command = [sys.executable, *more, "-c", code, str(tmp_path / "a.png")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.stdout, done.stderr) == ("0\n", "")
