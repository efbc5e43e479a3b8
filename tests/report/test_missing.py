"""What was not measured, and how to measure it."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
import typer

from gapless.cli import app
from gapless.report.missing import missing, run_folder


@pytest.mark.parametrize(
    ("command", "folder"),
    [
        ("gapless search --run runs/a --seed 0", "runs/a"),
        ("gapless search --run='my runs/a'", "'my runs/a'"),
        ("gapless search --run 'a;b'", "'a;b'"),
        ("gapless search --run", "DIR"),
        ("gapless search --run 'open", "DIR"),
        ("", "DIR"),
    ],
)
def test_the_run_folder_is_quoted_for_a_shell(command: str, folder: str) -> None:
    assert run_folder(command) == folder


def test_what_was_drawn_is_not_missing() -> None:
    blocks = [entry.block for entry in missing({}, {})]
    assert missing({}, dict.fromkeys(blocks, True)) == []
    assert [entry.block for entry in missing({}, {b: b != "export" for b in blocks})] == ["export"]


def test_commands_name_the_folder_and_the_space_of_this_run() -> None:
    findings = {
        "command": "gapless search --run runs/a",
        "question": {"space": "nb201", "data": "folder:my pictures"},
    }
    commands = {entry.block: entry.command for entry in missing(findings, {})}
    assert commands["accuracy"] == "gapless retrain runs/a"
    assert commands["curves"] == findings["command"]
    assert "--space nb201 --data 'folder:my pictures'" in commands["alpha"]


def test_where_objects_were_given_the_way_is_python() -> None:
    call = "gapless.search(space=..., data='digits', method='gdas', run='runs/a', seed=0)"
    commands = {entry.block: entry.command for entry in missing({"command": call}, {"alpha": True})}
    again = "gapless.resume('runs/a', space=...)"
    assert commands["architecture"] == again
    assert commands["chain"] == commands["noise"] == f"{again}.audit()"
    assert commands["baseline"] == f"{again}.audit(archs=8)"
    assert commands["accuracy"] == commands["export"] == f"{again}.audit(sample=0)"
    assert commands["curves"] == call
    assert commands["counts"] == "gapless.search(space=..., data=..., method='spos', run=DIR)"


def test_a_method_with_gates_is_not_told_to_take_gates() -> None:
    found = {"command": "gapless search --run runs/a", "question": {"space": "own", "data": "digits"}}
    commands = {entry.block: entry.command for entry in missing(found, {"alpha": True})}
    assert "--space darts" in commands["skips"]
    assert "--method spos" in commands["counts"]


def test_levels_left_out_of_the_chain_are_named() -> None:
    chain = [{"name": name, "accuracy": 0.5} for name in ("a0", "a1", "a2", "a3")]
    said = {entry.block: entry.sentence for entry in missing({"chain": chain}, {})}["levels"]
    assert "a4" in said
    assert "a3" not in said


def test_every_command_is_one_that_the_command_line_knows() -> None:
    for entry in missing({}, {}):
        program, *words = shlex.split(entry.command)
        assert program == "gapless"
        command: Any = typer.main.get_command(app)
        while words and words[0] in getattr(command, "commands", {}):
            command = command.commands[words.pop(0)]
        assert not hasattr(command, "commands"), entry.command
        known = {name for option in command.params for name in option.opts}
        assert {word for word in words if word.startswith("--")} <= known, entry.command
