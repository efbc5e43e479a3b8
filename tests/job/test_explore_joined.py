"""Scores of one exploration are of the same data, table and super-network, or the folder is not joined."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tests.cli.refusal import images
from tests.job.tiny import tree

import gapless
from gapless.core.errors import BadRunFolder
from gapless.job.exploration import Exploration, resolved


def _refused(run: Path, asked: Exploration) -> None:
    before = tree(run)
    with pytest.raises(BadRunFolder, match="have changed since"):
        gapless.resume(run)
    with pytest.raises(BadRunFolder, match="that of another one"):
        gapless.explore(
            asked.space, asked.explorer, asked.evaluator, run=run, trials=4, data=asked.data,
            settings=dict(asked.sets),
        )  # fmt: skip
    assert tree(run) == before


def test_other_images(tmp_path: Path) -> None:
    for name in ("cats", "dogs"):
        images(tmp_path / "data" / name, 12)
    asked = Exploration("nb201", "random", "zerocost:synflow", data=f"folder:{tmp_path / 'data'}")
    run = tmp_path / "run"
    gapless.explore("nb201", "random", "zerocost:synflow", run=run, trials=2, data=asked.data)
    gapless.explore("nb201", "random", "zerocost:synflow", run=run, trials=3, data=asked.data)
    (tmp_path / "data" / "dogs" / "8.png").unlink()
    _refused(run, asked)


def test_another_table(tmp_path: Path) -> None:
    space, table, run = gapless.spaces.get("nb201"), tmp_path / "t.csv", tmp_path / "run"
    rows = [f"{space.text(space.choices.at(i))},{i}" for i in range(space.size())]
    table.write_text("\n".join(("arch,accuracy", *rows)))
    asked = Exploration("nb201", "random", f"table:{table}")
    gapless.explore("nb201", "random", asked.evaluator, run=run, trials=2)
    assert isinstance(gapless.resume(run).findings, dict)
    with table.open("a") as file:
        file.write("\n")
    _refused(run, asked)


def test_only_what_is_read_counts(tmp_path: Path) -> None:
    def fingerprint(**changes: object) -> str:
        return resolved(Exploration("nb201", "random", **changes)).fingerprint  # type: ignore[arg-type]

    small, larger = (("data.limit", "60"),), (("data.limit", "80"),)
    assert fingerprint(evaluator="standalone", sets=small) != fingerprint(evaluator="standalone", sets=larger)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        header = {"format": "gapless.run", "version": 1, "fingerprint": name}
        (tmp_path / name / "run.json").write_text(json.dumps(header))
    first = fingerprint(evaluator=f"inherited:{tmp_path / 'a'}")
    shutil.copy(tmp_path / "b" / "run.json", tmp_path / "a" / "run.json")
    assert first != fingerprint(evaluator=f"inherited:{tmp_path / 'a'}")
    no_data = Exploration("nb201", "random", f"inherited:{tmp_path / 'b'}", data="folder:nowhere")
    assert len(resolved(no_data).fingerprint) == 16, "images that are not read need not be there"
