"""Checkpoints that were cut short, altered or left behind: named, and the one before is used."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gapless.core.errors import BadRunFolder
from gapless.engine.checkpoint import Checkpoints

FILES = ("tensors.safetensors", "state.json", "seal")
steady = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def tensors(step: int) -> dict[str, torch.Tensor]:
    return {"w": torch.full((3, 2), float(step)), "step": torch.tensor(step)}


def two(folder: Path) -> Checkpoints:
    """Checkpoints of steps 10 and 20."""
    shutil.rmtree(folder, ignore_errors=True)
    checkpoints = Checkpoints(folder)
    for step in (10, 20):
        checkpoints.write(step, tensors(step), {"text": "ä", "step": step, "half": 0.1 + 0.2})
    return checkpoints


def newest(folder: Path) -> Path:
    return folder / f"{20:012d}"


def uses_the_one_before(folder: Path) -> str:
    """Step 10 is found, step 20 is named; returns what is said about it."""
    checkpoints = Checkpoints(folder)
    saved = checkpoints.latest()
    assert saved is not None
    assert saved.step == 10
    assert saved.tensors["step"].item() == 10
    assert saved.values == {"text": "ä", "step": 10, "half": 0.1 + 0.2}
    (line,) = checkpoints.damaged
    assert str(newest(folder)) in line
    assert "\n" not in line
    return line


def test_the_newest_is_found_and_nothing_is_said(tmp_path: Path) -> None:
    two(tmp_path / "c")
    checkpoints = Checkpoints(tmp_path / "c")
    saved = checkpoints.latest()
    assert saved is not None
    assert (saved.step, saved.values["step"], saved.tensors["step"].item()) == (20, 20, 20)
    assert checkpoints.damaged == []


def test_nothing_there(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "c")
    assert checkpoints.latest() is None
    assert not (tmp_path / "c").exists(), "looking makes no folder"
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "notes").mkdir()
    assert checkpoints.latest() is None
    assert checkpoints.damaged == []
    checkpoints.remove()
    checkpoints.remove()


@pytest.mark.parametrize("name", FILES)
@given(share=st.floats(0, 1, exclude_max=True))
@steady
def test_cut_short(name: str, share: float, tmp_path: Path) -> None:
    two(tmp_path / "c")
    file = newest(tmp_path / "c") / name
    content = file.read_bytes()
    file.write_bytes(content[: int(share * len(content))])
    uses_the_one_before(tmp_path / "c")


@pytest.mark.parametrize("name", FILES)
@given(share=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
@steady
def test_one_bit_flipped(name: str, share: float, bit: int, tmp_path: Path) -> None:
    two(tmp_path / "c")
    file = newest(tmp_path / "c") / name
    content = bytearray(file.read_bytes())
    content[int(share * len(content))] ^= 1 << bit
    file.write_bytes(content)
    uses_the_one_before(tmp_path / "c")


@pytest.mark.parametrize("name", FILES)
@given(more=st.binary(min_size=1, max_size=80).filter(bytes.strip))
@steady
def test_grown(name: str, more: bytes, tmp_path: Path) -> None:
    two(tmp_path / "c")
    with (newest(tmp_path / "c") / name).open("ab") as file:
        file.write(more)
    uses_the_one_before(tmp_path / "c")


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file(name: str, tmp_path: Path) -> None:
    two(tmp_path / "c")
    (newest(tmp_path / "c") / name).unlink()
    assert "missing" in uses_the_one_before(tmp_path / "c")


@pytest.mark.parametrize("name", FILES)
def test_a_folder_in_place_of_a_file(name: str, tmp_path: Path) -> None:
    two(tmp_path / "c")
    (newest(tmp_path / "c") / name).unlink()
    (newest(tmp_path / "c") / name).mkdir()
    uses_the_one_before(tmp_path / "c")


def test_files_of_another_step(tmp_path: Path) -> None:
    two(tmp_path / "c")
    shutil.copy(tmp_path / "c" / f"{10:012d}" / "state.json", newest(tmp_path / "c"))
    assert "state.json" in uses_the_one_before(tmp_path / "c")


def test_an_empty_folder(tmp_path: Path) -> None:
    two(tmp_path / "c")
    shutil.rmtree(newest(tmp_path / "c"))
    newest(tmp_path / "c").mkdir()
    uses_the_one_before(tmp_path / "c")


def test_all_damaged(tmp_path: Path) -> None:
    two(tmp_path / "c")
    for seal in (tmp_path / "c").glob("*/seal"):
        seal.write_text("")
    checkpoints = Checkpoints(tmp_path / "c")
    assert checkpoints.latest() is None
    assert len(checkpoints.damaged) == 2
    assert all(
        line.endswith("; there is no whole one, and its work begins anew") for line in checkpoints.damaged
    )


def test_two_are_kept(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "c")
    for step in (1, 2, 30, 400):
        checkpoints.write(step, tensors(step), {})
        assert len(list((tmp_path / "c").iterdir())) <= 2
    assert [p.name for p in sorted((tmp_path / "c").iterdir())] == [f"{30:012d}", f"{400:012d}"]


def test_steps_are_ordered_as_numbers(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "c")
    for step in (999_999_999_999, 1_000_000_000_000):
        checkpoints.write(step, tensors(step), {})
    saved = checkpoints.latest()
    assert saved is not None
    assert saved.step == 1_000_000_000_000


def test_going_on_after_damage_keeps_two_whole_ones(tmp_path: Path) -> None:
    two(tmp_path / "c")
    (newest(tmp_path / "c") / "seal").unlink()
    uses_the_one_before(tmp_path / "c")
    Checkpoints(tmp_path / "c").write(15, tensors(15), {})
    assert [p.name for p in sorted((tmp_path / "c").iterdir())] == [f"{10:012d}", f"{15:012d}"]
    (tmp_path / "c" / f"{15:012d}" / "seal").unlink()
    saved = Checkpoints(tmp_path / "c").latest()
    assert saved is not None
    assert saved.step == 10


def test_the_same_step_twice(tmp_path: Path) -> None:
    checkpoints = two(tmp_path / "c")
    checkpoints.write(20, {"w": torch.ones(1)}, {"again": True})
    saved = checkpoints.latest()
    assert saved is not None
    assert saved.values == {"again": True}
    assert len(list((tmp_path / "c").iterdir())) == 2


def test_what_a_kill_left_behind_is_passed_over_and_cleared(tmp_path: Path) -> None:
    checkpoints = two(tmp_path / "c")
    left = tmp_path / "c" / f".{30:012d}.4711"
    shutil.copytree(newest(tmp_path / "c"), left)
    (left / "seal").unlink()
    saved = checkpoints.latest()
    assert saved is not None
    assert saved.step == 20
    assert checkpoints.damaged == []
    checkpoints.write(30, tensors(30), {})
    assert not left.exists()
    assert len(list((tmp_path / "c").iterdir())) == 2


KILLED = """
import os, signal, sys
from pathlib import Path
import torch
import gapless.engine.checkpoint as checkpoint
left = int(sys.argv[2])
write = checkpoint._write
def stop(path, content):
    global left
    if left == 0:
        path.write_bytes(content[: len(content) // 2])
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    write(path, content)
checkpoint._write = stop
if left == 3:
    Path.rename = lambda self, target: os.kill(os.getpid(), signal.SIGKILL)
checkpoint.Checkpoints(Path(sys.argv[1])).write(30, {"w": torch.ones(2)}, {})
"""


@pytest.mark.parametrize("left", [0, 1, 2, 3], ids=["tensors", "state", "seal", "before the rename"])
def test_killed_while_it_writes(left: int, tmp_path: Path) -> None:
    two(tmp_path / "c")
    before = {p: p.read_bytes() for p in (tmp_path / "c").rglob("*") if p.is_file()}
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "c"), str(left)], check=False)
    assert done.returncode == -signal.SIGKILL
    checkpoints = Checkpoints(tmp_path / "c")
    saved = checkpoints.latest()
    assert saved is not None
    assert saved.step == 20
    assert checkpoints.damaged == []
    assert {p: p.read_bytes() for p in before} == before


def test_what_cannot_be_written_leaves_the_earlier_ones(tmp_path: Path) -> None:
    checkpoints = two(tmp_path / "c")
    with pytest.raises(TypeError):
        checkpoints.write(30, tensors(30), {"no JSON": object()})
    assert len(list((tmp_path / "c").iterdir())) == 2
    (tmp_path / "file").write_text("")
    with pytest.raises(BadRunFolder, match="can be written"):
        Checkpoints(tmp_path / "file" / "c").write(1, tensors(1), {})


AWKWARD = {
    "float64": torch.tensor([0.1, -0.0, 5e-324, torch.inf, torch.nan], dtype=torch.float64),
    "float32": torch.tensor([0.1, -0.0, 1e-45, -torch.inf, torch.nan]),
    "float16": torch.tensor([0.1, 6e-8], dtype=torch.float16),
    "bfloat16": torch.tensor([0.1, 1e-40], dtype=torch.bfloat16),
    "int64": torch.tensor([2**63 - 1, -(2**63)]),
    "uint8": torch.arange(256, dtype=torch.uint8),
    "bool": torch.tensor([[True, False]]),
    "no dimension": torch.tensor(0.1, dtype=torch.float64),
    "empty": torch.empty(0, 3),
    "transposed": torch.arange(12.0).reshape(3, 4).t(),
    "every other": torch.arange(12.0)[::2],
    "expanded": torch.ones(1, 3).expand(4, 3),
    "channels_last": torch.arange(120.0).reshape(2, 3, 4, 5).to(memory_format=torch.channels_last),
    "a parameter": torch.nn.Parameter(torch.ones(2)),
    "a name with / and : and ä": torch.ones(1),
}


def bits(tensor: torch.Tensor) -> bytes:
    return (
        bytes(tensor.detach().contiguous().clone().view(-1).view(torch.uint8).numpy())
        if tensor.numel()
        else b""
    )


def test_tensors_come_back_bit_for_bit(tmp_path: Path) -> None:
    shared = torch.arange(6.0)
    given_tensors = {**AWKWARD, "view": shared[2:], "same memory": shared}
    checkpoints = Checkpoints(tmp_path / "c")
    checkpoints.write(1, given_tensors, {})
    saved = checkpoints.latest()
    assert saved is not None
    assert saved.tensors.keys() == given_tensors.keys()
    for name, tensor in given_tensors.items():
        back = saved.tensors[name]
        assert (back.dtype, back.shape) == (tensor.dtype, tensor.shape), name
        assert bits(back) == bits(tensor), name
        assert not back.requires_grad


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(values=st.dictionaries(st.text(), json_values, max_size=4))
@steady
def test_values_come_back(values: dict[str, object], tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "c", ignore_errors=True)
    checkpoints = Checkpoints(tmp_path / "c")
    checkpoints.write(1, {}, values)
    saved = checkpoints.latest()
    assert saved is not None
    assert repr(saved.values) == repr(values)
    assert saved.tensors == {}


def test_no_code_can_hide_in_it(tmp_path: Path) -> None:
    two(tmp_path / "c")
    content = (newest(tmp_path / "c") / "tensors.safetensors").read_bytes()
    length = int.from_bytes(content[:8], "little")
    assert set(json.loads(content[8 : 8 + length])) == {"w", "step"}
    assert sorted(os.listdir(newest(tmp_path / "c"))) == sorted(FILES)
