"""What cannot be done is left out with one line, and the rest of a job is done and told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from tests.job.tiny import SETTINGS
from torch import nn

import gapless
from gapless import cli
from gapless.core.errors import Diverged
from gapless.job.found import Found

SMALL = {key: SETTINGS[key] for key in ("data.limit", "batch", "training.batch")} | {
    "training.epochs": 12, "select.evaluations": 2, "select.evaluator.batches": 1,
}  # fmt: skip
MOST = 10
"""Steps that `Tires` bears: more than the search has, fewer than a training."""


def conv(c_in: int, c_out: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU())


class Tires(nn.Module):
    """An operation whose training diverges."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.steps = conv(4, 4), 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.steps += self.training
        return self.conv(x) * (torch.inf if self.steps > MOST else 1.0)


class Net(nn.Sequential):
    def __init__(self, image) -> None:
        super().__init__(
            conv(image.channels, 4), gapless.nn.Choose(lasts=conv(4, 4), tires=Tires()),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, image.classes),
        )  # fmt: skip


class Branching(Net):
    """Depends on the data in a way that no graph can."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x) if float(x.sum()) > -1e9 else -x


def searched(net: type[Net], run: Path, **more: int) -> Found:
    space = gapless.spaces.from_module(net)
    return gapless.search(space, method="spos", run=run, epochs=1, settings=SMALL, seeds=1, **more)


def found_with(option: str, net: type[Net], place: Path) -> Path:
    """A search that found this option; the first of some seeds."""
    for seed in range(8):
        run = place / str(seed)
        found = searched(net, run, seed=seed, retrain=False, audit=False)
        if option in found.findings["architecture"]["text"]:
            return run
    raise AssertionError("every seed finds the other one")


def resumed(run: Path, net: type[Net]) -> Found:
    found = gapless.resume(run, space=gapless.spaces.from_module(net))
    assert isinstance(found, Found)
    return found


def test_a_network_that_cannot_be_exported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = found_with("lasts", Branching, tmp_path)
    resumed(run, Branching).audit(archs=0, seeds=1, sample=0)
    (line,) = (line for line in capsys.readouterr().err.splitlines() if "ONNX" in line)
    assert line.startswith("there is no ONNX file: expected a network that torch.onnx can export; got ")
    found = json.loads((run / "findings.json").read_text())
    assert found["finished"] is True
    assert found["left_out"] == {"export": line}
    assert "accuracy" in found
    assert [rung["name"] for rung in found["chain"]] == ["a0", "a1", "a2", "a3", "a4"]
    assert (run / "model.safetensors").exists()
    assert not (run / "model.onnx").exists()
    assert "Left out: there is no ONNX file" in (run / "report.html").read_text()
    cli._ended(resumed(run, Branching), False)
    assert f"left out      {line}" in capsys.readouterr().out


def test_a_random_architecture_that_diverges(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """First several trainings at once, where there are processors, then one more in this process."""
    run = found_with("lasts", Net, tmp_path)
    found = resumed(run, Net)
    for archs in (5, 6):
        found.audit(archs=archs, seeds=1, sample=0)
    said = [line for line in capsys.readouterr().err.splitlines() if "diverged" in line]
    findings = found.findings
    measured = json.loads((run / "measured.json").read_text())
    out = findings["left_out"]
    tires = [name for name in measured["baseline"] if name not in measured]
    assert 0 < len(tires) < 6
    assert sorted(out) == sorted(tires)
    assert sorted(out.values()) == sorted(said), "each is said once"
    assert all(line.startswith(f"the training {name} diverged: expected ") for name, line in out.items())
    assert findings["baseline"]["n"] == 6 - len(tires)
    assert all("lasts" in row["text"] for row in findings["baseline"]["archs"])
    assert not any((run / "checkpoint" / name).exists() for name in tires)
    assert findings["finished"] is True
    assert (run / "model.onnx").exists()


def test_what_was_found_diverges(tmp_path: Path) -> None:
    run = found_with("tires", Net, tmp_path)
    found = resumed(run, Net)
    with pytest.raises(Diverged):
        found.audit(archs=0, seeds=1, sample=0)
    findings = found.findings
    assert [rung["name"] for rung in findings["chain"]][:3] == ["a0", "a1", "a2"]
    assert "accuracy" not in findings
