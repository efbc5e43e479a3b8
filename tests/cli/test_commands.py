"""The commands: their names, their help, their one JSON object, their exit status."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.job.tiny import NO_MORE, SETS, tree, words

from gapless import cli, methods, spaces
from gapless.engine.check import conflicts

from .conftest import Command, Outcome
from .refusal import refused

ROOT: Any = typer.main.get_command(cli.app)
FIXED = {
    "search", "resume", "retrain", "audit", "report", "export", "ablate", "compare", "doctor", "explore",
    "methods list", "methods show", "methods diff", "methods check",
    "spaces list", "spaces show", "spaces size", "spaces sample", "spaces latency",
}  # fmt: skip
METHODS = tuple(methods.names())
EARLIEST = {"darts", "darts-2nd", "fairnas", "random", "spos"}
SIZES = {
    "darts": (1 * 3 * 6 * 10 * 7**8) ** 2, "nb201": 5**6, "chain": 7**8,
    "gold-nas": (15 * 63 * 255 * 1023) ** 14,
    "darts-factorised": (1 * 3 * 6 * 10 * 7**8) ** 2 * 4**16,
    **dict.fromkeys(("darts-s1", "darts-s2", "darts-s3", "darts-s4"), (1 * 3 * 6 * 10 * 2**8) ** 2),
    "nasnet": (720**2 * 13**10 * 2**5) ** 2, "pnas": 720**2 * 8**10, "amoebanet": (720**2 * 8**10) ** 2,
    "evonet": math.prod(1 + 578 * 2**j for j in range(1, 9)),
    "genetic-cnn": 2**13, "hierarchical": 7**46, "nas-rl": 64**6 * 2**10,
    "fairnas": 6**19, "nas-bench-macro": 3**8, "proxylessnas": 7**15 * 6**6, "spos": 4**20,
}  # fmt: skip


def leaves(command: Any = ROOT, name: str = "") -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name, command
    else:
        for word, one in inner.items():
            yield from leaves(one, f"{name} {word}".strip())


COMMANDS = dict(leaves())


def one_object(outcome: Outcome) -> dict[str, Any]:
    """All of stdout is one line with one JSON object; nothing is on stderr."""
    assert outcome.status == 0, outcome
    assert outcome.err == ""
    assert outcome.out.endswith("\n")
    assert outcome.out.count("\n") == 1
    found = json.loads(outcome.out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert isinstance(found, dict)
    return found


def test_the_fixed_names_exist() -> None:
    assert set(COMMANDS) == FIXED


@pytest.mark.parametrize("name", sorted(FIXED))
def test_every_command_and_option_has_help(name: str) -> None:
    command = COMMANDS[name]
    assert command.help
    assert command.help.strip().endswith(".")
    for parameter in command.params:
        if parameter.param_type_name == "option":
            assert parameter.help, f"{name} {parameter.opts[0]}"


@pytest.mark.parametrize("name", sorted(FIXED))
def test_every_command_can_print_json(name: str) -> None:
    assert "--json" in [option for parameter in COMMANDS[name].params for option in parameter.opts]


def test_the_documented_options_of_search_exist() -> None:
    options = {option for parameter in COMMANDS["search"].params for option in parameter.opts}
    assert options >= {
        "--space",
        "--data",
        "--method",
        "--run",
        "--seed",
        "--epochs",
        "--budget",
        "--set",
        "--device",
    }


def test_help_is_printed(gapless: Command) -> None:
    for arguments in (["--help"], *([*name.split(), "--help"] for name in FIXED)):
        outcome = gapless(*arguments)
        assert outcome.status == 0
        assert "Usage" in outcome.out
        assert outcome.err == ""


@pytest.mark.parametrize("words", [[], ["methods"], ["spaces"]], ids=" ".join)
def test_asking_for_nothing_prints_help_and_nothing_else(words: list[str], gapless: Command) -> None:
    outcome = gapless(*words)
    assert outcome.status == 2
    assert "Usage" in outcome.out + outcome.err
    assert "see 'gapless --help'" not in outcome.err


# -- questions ------------------------------------------------------------------------------------


def test_methods_list(gapless: Command) -> None:
    rows = one_object(gapless("methods", "list", "--json"))["methods"]
    assert tuple(row["name"] for row in rows) == METHODS
    assert set(METHODS) >= EARLIEST | {"pc-darts"}
    lines = gapless("methods", "list").out.splitlines()
    assert [line.split()[0] for line in lines] == list(METHODS)
    assert all(row["title"] in line for row, line in zip(rows, lines, strict=True))


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("preset", ["paper", "quick"])
def test_methods_show(name: str, preset: str, gapless: Command) -> None:
    shown = one_object(gapless("methods", "show", name, "--preset", preset, "--json"))
    text = gapless("methods", "show", name, "--preset", preset).out
    assert shown["name"] == name
    for part in (shown["equation"], shown["title"], shown["reference"]["title"], *shown["deviations"]):
        assert part in text
    for part in shown["parts"]:
        assert part["file"] in text
    assert set(shown["defaults"]) == {"paper", "quick"}
    assert shown["citation"].startswith("@")
    assert shown["deviations"], "every quick preset differs; so does every paper one so far"


def test_methods_diff(gapless: Command) -> None:
    found = one_object(gapless("methods", "diff", "darts", "pc-darts", "--preset", "quick", "--json"))
    assert (found["a"], found["b"], found["preset"]) == ("darts", "pc-darts", "quick")
    rows = [*found["parts"], *found["values"]]
    lines = gapless("methods", "diff", "darts", "pc-darts", "--preset", "quick").out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == [row["field"] for row in rows]
    assert (
        gapless("methods", "diff", "spos", "spos").out == "'spos' and 'spos' do not differ in preset paper\n"
    )


@pytest.mark.parametrize("space", SIZES)
def test_methods_check(space: str, gapless: Command) -> None:
    for name in METHODS:
        lines = conflicts(methods.get(name), spaces.get(space))
        outcome = gapless("methods", "check", name, "--space", space, "--json")
        assert outcome.status == (2 if lines else 0)
        assert json.loads(outcome.out) == {
            "method": name, "space": space, "runs": not lines, "conflicts": lines,
        }  # fmt: skip
        outcome = gapless("methods", "check", name, "--space", space)
        assert outcome.out == ("" if lines else f"'{name}' runs on '{space}'\n")
        assert outcome.err.count("\n") == bool(lines)
        assert all(line in outcome.err for line in lines)


def test_spaces_list_and_show(gapless: Command) -> None:
    rows = one_object(gapless("spaces", "list", "--json"))["spaces"]
    assert {row["name"] for row in rows} == set(SIZES)
    assert len(gapless("spaces", "list").out.splitlines()) == len(rows)
    for row in rows:
        shown = one_object(gapless("spaces", "show", row["name"], "--json"))
        assert shown["summary"] == row["summary"]
        assert set(shown["presets"]) == {"paper", "quick"}
        text = gapless("spaces", "show", row["name"]).out
        assert f"{shown['size']:,} architectures" in text
        for group in shown["groups"]:
            assert ", ".join(group["options"]) in text


@pytest.mark.parametrize(("space", "size"), SIZES.items())
def test_spaces_size(space: str, size: int, gapless: Command) -> None:
    assert gapless("spaces", "size", space).out == f"{size}\n"
    assert one_object(gapless("spaces", "size", space, "--json")) == {"name": space, "size": size}


@pytest.mark.parametrize("space", SIZES)
def test_spaces_sample(space: str, gapless: Command) -> None:
    from gapless import spaces
    from gapless.core import Arch

    drawn = [gapless("spaces", "sample", space, "--seed", str(seed)).out for seed in (0, 0, 1, 2, 3)]
    assert drawn[0] == drawn[1]
    assert len(set(drawn)) > 2
    shown = one_object(gapless("spaces", "sample", space, "--json"))
    assert shown["text"] + "\n" == drawn[0]
    arch = Arch.from_json({k: v for k, v in shown.items() if k not in ("key", "text")})
    assert arch.key == shown["key"]
    assert spaces.get(space).text(arch) == shown["text"]


# -- work -----------------------------------------------------------------------------------------


def test_search_prints_what_it_found(gapless: Command, tmp_path: Path) -> None:
    outcome = gapless(*words(tmp_path / "run"))
    assert outcome.status == 0
    assert outcome.err == "", "no progress where nobody looks"
    found = json.loads((tmp_path / "run" / "findings.json").read_text())
    lines = dict(line.split(maxsplit=1) for line in outcome.out.splitlines() if line)
    assert lines["architecture"] == found["architecture"]["text"]
    assert lines["accuracy"].startswith(f"{100 * found['accuracy']['test']['mean']:.2f} %")
    assert lines["baseline"] == found["baseline"]["verdict"]
    assert lines["chain"].startswith("a0 ")
    assert lines["report"] == str(tmp_path / "run" / "report.html")
    made = {p.name for p in (tmp_path / "run").iterdir() if p.name != ".lock"}
    assert made == {
        "run.json", "checkpoint", "trace.csv", "alpha.csv", "architecture.json", "measured.json", "networks",
        "findings.json", "report.html", "model.onnx", "model.safetensors",
    }  # fmt: skip


def test_search_without_more_writes_no_network(gapless: Command, tmp_path: Path) -> None:
    found = one_object(gapless(*words(tmp_path / "run", *NO_MORE, "--json")))
    assert found["run"] == str(tmp_path / "run")
    assert "architecture" in found
    assert not {"accuracy", "chain", "baseline", "export"} & set(found)
    assert not (tmp_path / "run" / "model.onnx").exists()


def test_audit_alone_measures_the_super_network(gapless: Command, tmp_path: Path) -> None:
    found = one_object(gapless(*words(tmp_path / "run", "--no-retrain", "--json")))
    assert [rung["name"] for rung in found["chain"]] == ["a0", "a1", "a2"]
    assert "accuracy" not in found


def test_resume_of_what_is_done_changes_no_number(gapless: Command, trained: Path) -> None:
    before = tree(trained)
    found = one_object(gapless("resume", trained, "--json"))
    assert found == {"run": str(trained), **json.loads((trained / "findings.json").read_text())}
    after = tree(trained)
    changed = {name for name in before if before[name] != after.get(name)}
    assert changed <= {"measured.json", "findings.json", "report.html"}, changed  # the peak of memory
    old, new = (json.loads(t["measured.json"]) for t in (before, after))
    assert old | {"peak_mb": 0} == new | {"peak_mb": 0}


def test_retrain_adds_a_seed(gapless: Command, trained: Path) -> None:
    record = one_object(gapless("retrain", trained, "--json"))
    assert record["seed"] == 1
    found = json.loads((trained / "findings.json").read_text())
    assert len(found["accuracy"]["test"]["values"]) == 2
    assert found["accuracy"]["test"]["values"][1] == record["test"]["accuracy"]
    line = gapless("retrain", trained, "--shape", "search").out
    assert line.startswith("test accuracy ")
    assert line.endswith("seed 1\n")


def test_audit_measures_what_is_missing(gapless: Command, searched: Path) -> None:
    found = one_object(gapless("audit", searched, "--archs", "2", "--seeds", "1", "--json"))
    assert [rung["name"] for rung in found["chain"]] == ["a0", "a1", "a2", "a3", "a4"]
    assert found["baseline"]["n"] == 2
    assert len(found["accuracy"]["test"]["values"]) == 1
    outcome = gapless("audit", searched, "--archs", "2", "--seeds", "2")
    assert "2 trainings" in outcome.out


@pytest.mark.slow
def test_ablate_prints_the_table_and_nothing_else(gapless: Command, tmp_path: Path) -> None:
    words = ["ablate", "--base", "darts", "--parts", "relax=edge-product", "--seeds", "1", "--epochs", "1"]
    outcome = gapless(*words, "--run", tmp_path / "a", *SETS)
    assert (outcome.status, outcome.err) == (0, "")
    title, base, change = outcome.out.splitlines()
    assert title.split()[:4] == ["variant", "seeds", "a0", "a1"]
    assert base.startswith("base ")
    assert change.startswith("relax=edge-product ")
    found = one_object(gapless(*words, "--run", tmp_path / "a", *SETS, "--json"))
    stored = json.loads((tmp_path / "a" / "ablation.json").read_text())
    assert found == {"run": str(tmp_path / "a"), **stored}
    refused(gapless("resume", tmp_path / "a"), "that of an ablation", stored["command"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--parts", "relax=softmax"], "--run DIR"),
        (["--run", "a"], "at least 1 change"),
        (["--run", "a", "--parts", "relax"], "--parts part=name"),
        (["--run", "a", "--parts", "relax=softmax", "--base", "dart"], "did you mean 'darts'"),
        (["--run", "a", "--parts", "partial=2", "--space", "chain"], "no partial channels"),
    ],
)
def test_ablate_refuses_in_one_line(
    words: list[str], said: str, gapless: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = gapless("ablate", *words)
    assert (outcome.status, outcome.out, outcome.err.count("\n")) == (2, "", 1)
    assert said in outcome.err
    assert not list(tmp_path.iterdir())


def test_report_is_written_anew(gapless: Command, trained: Path) -> None:
    (trained / "report.html").unlink()
    assert one_object(gapless("report", trained, "--json")) == {"report": str(trained / "report.html")}
    (trained / "report.html").unlink()
    assert gapless("report", trained).out == f"{trained / 'report.html'}\n"
    assert (trained / "report.html").read_text().lstrip().startswith("<!")


def test_export_runs_and_agrees(gapless: Command, trained: Path, tmp_path: Path) -> None:
    import numpy as np
    import onnxruntime

    file = tmp_path / "here.onnx"
    done = one_object(gapless("export", trained, "--onnx", file, "--json"))
    assert done["file"] == str(file)
    assert done["bytes"] == file.stat().st_size
    assert done["max_error"] < 1e-3
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    (name,) = (entry.name for entry in session.get_inputs())
    (logits,) = session.run(None, {name: np.zeros((3, 1, 8, 8), np.float32)})
    assert logits.shape == (3, 10)
    assert str(file) in gapless("export", trained, "--onnx", file).out


def test_a_budget_becomes_epochs(gapless: Command, tmp_path: Path) -> None:
    arguments = [w for w in words(tmp_path / "run", *NO_MORE, "--json") if w not in ("--epochs",)]
    arguments.remove("1")
    one_object(gapless(*arguments, "--budget", "0.5s"))
    header = json.loads((tmp_path / "run" / "run.json").read_text())
    assert header["request"]["epochs"] >= 1
    assert f"--epochs {header['request']['epochs']}" in header["command"]


# -- the program ----------------------------------------------------------------------------------

LIGHT = """
import resource, sys
before = set(sys.modules)
import gapless
gapless.__version__
heavy = set("torch torchvision numpy scipy sklearn matplotlib onnx onnxruntime rich typer".split())
print(sorted(heavy & set(sys.modules)), resource.getrusage(resource.RUSAGE_SELF).ru_utime)
"""


def test_import_is_light() -> None:
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=True)
    heavy, seconds = done.stdout.rsplit(maxsplit=1)
    assert heavy == "[]"
    assert float(seconds) < 1
    assert done.stderr == ""


def test_the_command_line_alone_loads_no_torch() -> None:
    code = "import sys, gapless.cli; print([m for m in ('torch', 'matplotlib', 'onnx') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_exported_names_resolve() -> None:
    import gapless as package

    for name in package.__all__:
        assert getattr(package, name) is not None
    assert callable(package.search)
    assert package.spaces.get("nb201").size() == 15_625
    assert package.methods.get("spos").name == "spos"
    with pytest.raises(AttributeError, match="serch"):
        _ = package.serch  # type: ignore[attr-defined]


def test_the_version_is_that_of_the_installation() -> None:
    from importlib.metadata import version

    import gapless as package

    assert package.__version__ == version("gapless")


def test_the_installed_program_answers_and_survives_a_closed_pipe() -> None:
    program = str(Path(sys.executable).parent / "gapless")
    done = subprocess.run([program, "spaces", "size", "nb201"], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("15625\n", "")
    reader, writer = os.pipe()
    os.close(reader)
    try:
        closed = subprocess.run(
            [program, "spaces", "size", "nb201"], stdout=writer, stderr=subprocess.PIPE, check=False
        )
    finally:
        os.close(writer)
    assert b"Traceback" not in closed.stderr, closed.stderr
