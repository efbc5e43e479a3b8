"""What was not measured, one sentence each, and the command that would measure it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gapless.report.waterfall import LEVELS
from gapless.report.words import real


@dataclass(frozen=True)
class Missing:
    """One absent block: the sentence for its section, and a command line."""

    block: str
    sentence: str
    command: str


def run_folder(command: str) -> str:
    """The folder after ``--run`` in a command line, quoted for a shell; ``DIR`` where there is none."""
    try:
        words = shlex.split(command)
    except ValueError:
        return "DIR"
    for i, word in enumerate(words):
        if word == "--run" and i + 1 < len(words):
            return shlex.quote(words[i + 1])
        if word.startswith("--run="):
            return shlex.quote(word.removeprefix("--run="))
    return "DIR"


def goes_on(command: str) -> str:
    """What goes on with the run that a command began, on the command line or in Python."""
    if not command.startswith("gapless.search("):
        return f"gapless resume {run_folder(command)}"
    folder = re.search(r"run=('[^']*'|\"[^\"]*\")", command)
    given = "".join(f", {name}=..." for name in re.findall(r"(space|data|method)=\.\.\.", command))
    return f"gapless.resume({folder[1] if folder else 'DIR'}{given})"


def _audit(command: str, **options: int) -> str:
    again = goes_on(command)
    if again.startswith("gapless."):
        return f"{again}.audit({', '.join(f'{name}={value}' for name, value in options.items())})"
    return " ".join(["gapless audit", run_folder(command), *(f"--{k} {v}" for k, v in options.items())])


def missing(findings: Mapping[str, Any], drawn: Mapping[str, bool]) -> list[Missing]:
    """The blocks that could not be shown; ``drawn`` says of each whether it could."""
    command = str(findings.get("command") or "")
    folder = run_folder(command)
    question = findings.get("question")
    space, data = "SPACE", "DATA"
    if isinstance(question, Mapping):
        space, data = (shlex.quote(str(question.get(name) or name.upper())) for name in ("space", "data"))
    search = command or f"gapless search --space {space} --data {data} --method METHOD --run {folder}"
    other = f"gapless search --space {space} --data {data} --method darts --run DIR"
    explore = f"gapless search --space {space} --data {data} --method spos --run DIR"
    audit, retrain = _audit(command), f"gapless retrain {folder}"
    export = f"gapless export {folder} --onnx model.onnx"
    if command.startswith("gapless.search("):
        retrain = export = _audit(command, sample=0)
        other, explore = (
            f"gapless.search(space=..., data=..., method='{method}', run=DIR)" for method in ("darts", "spos")
        )
    skips = f"gapless search --space darts --data {data} --method darts --run DIR"
    table = {
        "question": ("What was asked was not recorded.", search),
        "architecture": ("No architecture has been chosen yet.", goes_on(command)),
        "accuracy": ("The found network has not been trained alone and tested.", retrain),
        "chain": (
            "The accuracy chain from super-network to deployed network was not measured.",
            audit,
        ),
        "levels": (_levels(findings), audit),
        "baseline": (
            "No random architectures were trained for comparison: whether the search beats chance is open.",
            _audit(command, archs=8),
        ),
        "verdict": (
            "The search was not set beside random search at equal cost.",
            _audit(command, archs=8),
        ),
        **_terms(command),
        "curves": ("No learning curves were recorded.", search),
        "alpha": (
            "No gate values were recorded: this method keeps none, or the search has not begun. A method "
            "with gates, such as darts, shows them.",
            other,
        ),
        "counts": (
            "How often each operation was trained was not counted: it takes an audit of a method that trains "
            "single paths.",
            explore if drawn.get("free") or drawn.get("alpha") else audit,
        ),
        "crossing": (
            "Whether light operations overtake heavy ones is not known: it needs a method with gates, such "
            "as darts, and an audit.",
            audit if drawn.get("alpha") else other,
        ),
        "skips": (
            "No count of skip-connections: it needs a method with gates, such as darts, and a space that "
            "offers a skip.",
            skips if drawn.get("alpha") else other,
        ),
        "candidates": ("No sub-networks were scored one by one; methods that explore do so.", explore),
        "checklist": ("The checklist of good practice was not filled in.", audit),
        "cost": ("Time and size were not recorded.", retrain),
        "export": (
            "The network was not exported, so its file and its latency were not measured.",
            export,
        ),
        "method": ("The method was not described.", "gapless methods list"),
        "environment": ("Machine and versions were not recorded.", search),
    }
    return [Missing(block, *entry) for block, entry in table.items() if not drawn.get(block)]


def _terms(command: str) -> dict[str, tuple[str, str]]:
    """The terms of the gap that an audit measures."""
    audit = _audit(command)
    return {
        "mathematical": (
            "How far the rule that moves alpha is from the true gradient was not measured.",
            audit,
        ),
        "suboptima": ("How far the shared weights are from their best was not measured.", audit),
        "free": ("How many of the chosen operations have no parameters was not counted.", audit),
        "line": ("Accuracy on the way from the mixture to the architecture was not measured.", audit),
        "ranking": ("Whether shared weights rank as training alone does was not measured.", audit),
        "between": ("What of the deployment gap is recipe, depth or width was not measured.", audit),
        "deployment": (
            "Whether the search's shape ranks as the deployment's does was not measured.",
            _audit(command, deployed=4),
        ),
        "noise": (
            "How much of a difference is the luck of the seed was not measured: it takes two trainings of "
            "one architecture, and two architectures.",
            audit,
        ),
        "neighbours": ("Whether neighbours of what was found score higher was not measured.", audit),
        "landscape": ("How smooth the scores are over the space was not measured.", audit),
    }


def _levels(findings: Mapping[str, Any]) -> str:
    """A chain with a level left out, in words."""
    chain = findings.get("chain")
    entries = [entry for entry in chain if isinstance(entry, Mapping)] if isinstance(chain, list) else []
    measured = {entry.get("name") for entry in entries if real(entry.get("accuracy")) is not None}
    absent = [f"{name} ({title})" for name, title in LEVELS.items() if name not in measured]
    return f"Levels of the accuracy chain that were not measured: {'; '.join(absent)}."
