"""The run folder: made once, opened with care, written beside and renamed."""

from __future__ import annotations

import csv
import json
import math
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gapless.core.errors import BadRunFolder
from gapless.core.files import hidden
from gapless.engine.folder import FORMAT, VERSION, RunFolder


def test_created_once_and_opened_again(tmp_path: Path) -> None:
    made = RunFolder.create(tmp_path / "deep" / "run", {"request": {"seed": 3}})
    header = {"format": FORMAT, "version": VERSION, "request": {"seed": 3}}
    assert json.loads((tmp_path / "deep" / "run" / "run.json").read_text()) == header
    assert RunFolder.open(tmp_path / "deep" / "run") == made
    with pytest.raises(BadRunFolder, match="holds a run"):
        RunFolder.create(tmp_path / "deep" / "run", {})


def test_an_empty_folder_and_one_with_a_lock_are_free(tmp_path: Path) -> None:
    RunFolder.vacant(tmp_path)
    (tmp_path / ".lock").touch()
    RunFolder.create(tmp_path, {})


def test_what_a_killed_process_left_is_in_nobodys_way(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "checkpoint" / "search", tmp_path / "networks"):
        place.mkdir(parents=True, exist_ok=True)
        hidden(place / "x").touch()
    left = hidden(tmp_path / "run.json")
    left.touch()
    (tmp_path / "alone").mkdir()
    hidden(tmp_path / "alone" / "run.json").touch()
    RunFolder.create(tmp_path / "alone", {})
    other = hidden(tmp_path / "another run" / "x")
    other.parent.mkdir()
    other.touch()
    with RunFolder(tmp_path).locked():
        assert {one.parent.name for one in tmp_path.rglob(".gapless-*")} == {"alone", "another run"}


def test_looking_makes_nothing(tmp_path: Path) -> None:
    RunFolder.vacant(tmp_path / "a" / "b")
    with pytest.raises(BadRunFolder):
        RunFolder.open(tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def test_a_relative_path_and_one_under_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    RunFolder.create("run", {})
    (tmp_path / "link").symlink_to(tmp_path / "run", target_is_directory=True)
    assert RunFolder.open("link").read_json("run.json")["format"] == FORMAT
    with pytest.raises(BadRunFolder, match="holds a run"):
        RunFolder.vacant("link")


def test_writing_replaces_whole_files_and_leaves_nothing_beside(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run", {})
    for content in (b"one", b"", b"three" * 100_000):
        assert folder.write("sub/file.bin", content) == tmp_path / "run" / "sub" / "file.bin"
        assert (folder / "sub/file.bin").read_bytes() == content
    assert [p.name for p in (folder / "sub").iterdir()] == ["file.bin"]
    assert (folder / "sub/file.bin").stat().st_mode & 0o777 == 0o644


def test_a_write_that_fails_keeps_the_old_file(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run", {})
    folder.write_json("value.json", {"old": 1})
    with pytest.raises(TypeError):
        folder.write_json("value.json", {"new": object()})
    (folder / "taken").mkdir()
    with pytest.raises(BadRunFolder, match="can be written"):
        folder.write("taken", b"x")
    with pytest.raises(BadRunFolder, match="can be written"):
        folder.write("value.json/under", b"x")
    assert folder.read_json("value.json") == {"old": 1}
    assert sorted(p.name for p in folder.path.iterdir()) == ["run.json", "taken", "value.json"]


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run", {})
    values = [{"n": n, "more": [n] * 2000} for n in range(2)]
    folder.write_json("value.json", values[0])
    stop = threading.Event()
    seen: list[object] = []

    def read() -> None:
        while not stop.is_set():
            seen.append(folder.read_json("value.json"))

    reader = threading.Thread(target=read)
    reader.start()
    for n in range(100):
        folder.write_json("value.json", values[n % 2])
    stop.set()
    reader.join()
    assert seen
    assert all(value in values for value in seen)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"{}x"])
def test_a_file_that_is_no_json(content: bytes, tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run", {})
    (folder / "value.json").write_bytes(content)
    with pytest.raises(BadRunFolder, match=r"expected a readable value\.json .*; got .*; restore the file"):
        folder.read_json("value.json")
    with pytest.raises(BadRunFolder, match="FileNotFoundError"):
        folder.read_json("none.json")


HOLD = """
import sys
from gapless.engine.folder import RunFolder
with RunFolder(__import__("pathlib").Path(sys.argv[1])).locked():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_one_process_at_a_time(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run", {})
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(BadRunFolder, match="in use"), folder.locked():
            pytest.fail("two hold it")
        other.kill()
    for _ in range(2):
        with folder.locked():
            pass
    with pytest.raises(KeyError), folder.locked():
        raise KeyError
    with folder.locked():
        pass


rows = st.lists(
    st.dictionaries(
        st.sampled_from(["epoch", "loss", 'comma, quote"', "ä\n"]),
        st.floats(allow_nan=False) | st.integers() | st.sampled_from(["a,b", 'say "x"', "two\nlines", ""]),
    ),
    max_size=6,
)


@given(table=rows)
@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_csv_comes_back(table: list[dict[str, object]], tmp_path: Path) -> None:
    path = RunFolder(tmp_path).write_csv("t.csv", table)
    with path.open(encoding="utf-8", newline="") as file:
        back = list(csv.DictReader(file))
    columns = list(dict.fromkeys(name for row in table for name in row))
    if not columns:
        return
    for row, found in zip(table, back, strict=True):
        assert list(found) == columns
        assert found == {name: str(row.get(name, "")) for name in columns}
        for name, value in row.items():
            if isinstance(value, float):
                assert math.copysign(1, float(found[name])) == math.copysign(1, value)
                assert float(found[name]) == value


LOOK = """
import os
from gapless.core.errors import BadRunFolder
from gapless.core.files import hidden
from gapless.engine.folder import RunFolder
if os.geteuid() == 0:
    os.setuid(65534)
try:
    RunFolder.vacant("/gapless-run")
except BadRunFolder as error:
    print(error)
"""


def test_no_permission() -> None:
    done = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True)
    assert "no permission; give --run another name" in done.stdout
