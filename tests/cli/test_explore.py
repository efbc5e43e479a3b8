"""``gapless explore`` on the command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from tests.job.tiny import tree

import gapless as package

from .conftest import Command
from .refusal import refused
from .stopping import stopped

SPACE = package.spaces.get("nb201")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of nb201; more convolutions are better, and slower."""
    path = tmp_path_factory.mktemp("table") / "t.csv"
    lines = ["arch,val,test,ms"]
    for arch in SPACE.choices:
        text = SPACE.text(arch)
        threes, ones, skips = (text.count(name) for name in ("conv_3x3", "conv_1x1", "skip"))
        lines.append(f"{text},{50 + 7 * threes + 3 * ones + skips},{60 + 5 * threes},{1 + threes + ones / 2}")
    path.write_text("\n".join(lines) + "\n")
    return path


def words(table: Path, run: Path, *more: str) -> list[str]:
    columns = "arch=arch,accuracy=val,report=test,latency=ms"
    evaluator = f"table:{table},{columns}"
    return ["explore", "--space", "nb201", "--evaluator", evaluator, "--run", str(run), *more]


@pytest.mark.parametrize("explorer", ["random", "genetic", "nsga2", "optuna:tpe"])
def test_explore_prints_what_it_found(explorer: str, table: Path, gapless: Command, tmp_path: Path) -> None:
    run = tmp_path / "run"
    settings = ["--set", "explorer.objectives=accuracy,latency"] if explorer == "nsga2" else []
    outcome = gapless(*words(table, run, "--explorer", explorer, "--trials", "40", *settings))
    assert (outcome.status, outcome.err) == (0, "")
    found = json.loads((run / "findings.json").read_text())
    lines = dict(line.split(maxsplit=1) for line in outcome.out.splitlines() if line)
    assert lines["trials"] == "40"
    assert lines["architecture"] == found["architecture"]["text"]
    assert lines["score"].startswith(f"{100 * found['best']['accuracy']:.2f} %, ")
    assert lines["report"] == str(run / "report.html")
    assert (run / "architecture.json").exists()
    page = (run / "report.html").read_text()
    assert "The best so far" in page
    assert "Accuracy against latency" in page


def test_json_resume_and_report(table: Path, gapless: Command, tmp_path: Path) -> None:
    run = tmp_path / "run"
    outcome = gapless(*words(table, run, "--explorer", "random", "--trials", "20", "--json"))
    assert (outcome.status, outcome.err, outcome.out.count("\n")) == (0, "", 1)
    found = json.loads(outcome.out)
    assert found["run"] == str(run)
    assert found["trials"] == 20
    before = tree(run)
    assert json.loads(gapless("resume", run, "--json").out) == found
    assert tree(run) == before, "nothing is left to do"
    (run / "report.html").unlink()
    assert gapless("report", run).out == f"{run / 'report.html'}\n"
    more = json.loads(gapless(*words(table, run, "--explorer", "random", "--trials", "50", "--json")).out)
    assert more["trials"] == 50
    assert more["candidates"][:20] != found["candidates"] or more["best"] == found["best"]


def test_limits(table: Path, gapless: Command, tmp_path: Path) -> None:
    run = tmp_path / "run"
    outcome = gapless(*words(table, run, "--trials", "30", "--max", "latency=3ms", "--json"))
    found = json.loads(outcome.out)
    assert all(row["latency"] <= 3 for row in found["candidates"])
    assert len(found["candidates"]) == 30
    refused(gapless(*words(table, tmp_path / "b", "--max", "latency=1us")), "limits that some", "raise --max")


def test_a_zero_cost_score_is_shown_as_it_is(gapless: Command, tmp_path: Path) -> None:
    """A score of no unit is no accuracy in per cent."""
    run = tmp_path / "run"
    asked = ("explore", "--space", "nb201", "--explorer", "random", "--evaluator", "zerocost:params,macs",
             "--trials", "5", "--set", "data.limit=60", "--run", run)  # fmt: skip
    lines = dict(line.split(maxsplit=1) for line in gapless(*asked).out.splitlines() if line)
    found = json.loads((run / "findings.json").read_text())
    best = max(row["params"] for row in found["candidates"])
    assert found["measure"] == "params"
    assert lines["score"].startswith(f"params {best:.6g}")
    assert "%" not in lines["score"]
    assert found["curve"][-1][1] == best
    page = (run / "report.html").read_text()
    assert "Best params" in page
    assert "Best accuracy" not in page


def test_other_commands_refuse_an_exploration(table: Path, gapless: Command, tmp_path: Path) -> None:
    run = tmp_path / "run"
    gapless(*words(table, run, "--trials", "3"))
    before = tree(run)
    for command in ("retrain", "audit"):
        refused(gapless(command, run), "a search in", "an exploration", "gapless resume")
    refused(gapless("export", run, "--onnx", tmp_path / "x.onnx"), "an exploration")
    refused(gapless(*words(table, run, "--trials", "3", "--seed", "1")), "another one")
    assert tree(run) == before


def test_bad_input(table: Path, gapless: Command, tmp_path: Path) -> None:
    run = tmp_path / "run"
    refused(gapless("explore", "--evaluator", f"table:{table}"), "--run DIR")
    for more, holds in (
        (["--explorer", "genetics"], "did you mean 'genetic'?"),
        (["--explorer", "optuna:tpee"], "did you mean 'tpe'?"),
        (["--space", "nb2001"], "did you mean 'nb201'?"),
        (["--evaluator", "tables:x"], "did you mean 'table'?"),
        (["--evaluator", "table:"], "a file after 'table:'"),
        (["--evaluator", "table:none.csv"], "No such file"),
        (["--evaluator", "inherited:none"], "a run folder at 'none'"),
        (["--evaluator", "standalone", "--data", "digit"], "did you mean 'digits'?"),
        (["--explorer", "nsga2"], "records with 'macs'"),
        (["--trials", "0"], "--trials of at least 1"),
        (["--workers", "0"], "--workers of at least 1"),
        (["--max", "params"], "units"),
        (["--max", "parms=1"], "did you mean 'params'?"),
        (["--set", "explorer.population"], "--set part.field=value"),
        (["--seed", "-1"], "a seed"),
        (["--storage", "nonsense"], "an Optuna storage"),
        (["--device", "gpu"], "device"),
    ):
        refused(gapless(*words(table, run), *more), holds)
        assert not run.exists() or not (run / "run.json").exists(), more


def test_a_database(table: Path, gapless: Command, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'trials.db'}"
    asked = words(table, tmp_path / "run", "--explorer", "random", "--trials", "3")
    outcome = gapless(*asked, "--storage", url)
    assert outcome.status == 0
    assert (tmp_path / "trials.db").exists()
    assert not (tmp_path / "run" / "trials.log").exists()


def test_trainings_that_gave_no_number_are_counted(gapless: Command, tmp_path: Path) -> None:
    hot = ["--set", "training.weights.lr=9e5", "--set", "training.weights.weight_decay=1e33"]
    small = [
        "--set",
        "deploy.channels=4",
        "--set",
        "deploy.depth=1",
        "--set",
        "data.limit=60",
        "--epochs",
        "2",
    ]
    outcome = gapless(
        "explore", "--explorer", "random", "--trials", "2", "--run", tmp_path / "run", *hot, *small
    )
    assert (outcome.status, outcome.err) == (0, "")
    assert "trials        2, 2 gave no number" in outcome.out


def test_ctrl_c_with_helpers_is_one_line(tmp_path: Path) -> None:
    words = ["explore", "--trials", "500", "--run", str(tmp_path / "run"), "--workers", "2", "--epochs", "1"]
    small = ["--set", "deploy.channels=4", "--set", "deploy.depth=1", "--set", "data.limit=60"]
    workers = tmp_path / "run/workers"
    status, out, err = stopped(
        [sys.executable, "-m", "gapless", *words, *small],
        lambda pid: workers.is_dir() and len(list(workers.iterdir())) == 2,
    )
    assert (status, out) == (130, "")
    assert err.count("\n") == 1
    assert err.startswith("stopped after ")


def test_a_long_line_is_not_wrapped_on_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    from gapless.job.show import Bars

    Bars().say("a word " * 40)
    assert capsys.readouterr().err == "a word " * 40 + "\n"
