"""README.md is run: each of its commands and Python blocks, made small; each name that it mentions exists."""

from __future__ import annotations

import importlib
import re
import shlex
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from PIL import Image

import gapless
from gapless import cli
from gapless.core.errors import Refused
from gapless.engine.check import check
from gapless.job.plan import DataSettings
from gapless.job.request import pairs
from gapless.job.settings import spread

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SHELLS = ("", "sh", "bash", "shell", "console")
TINY = {
    "": {"training.epochs": 1, "training.batch": 32, "batch": 16, "search.channels": 4, "deploy.channels": 4},
    "darts": {"space.nodes": 2, "search.depth": 1, "deploy.depth": 1},
    "nb201": {"search.depth": 1, "deploy.depth": 1},
    "data": {"data.limit": 100},
    "explores": {"select.evaluations": 2, "select.evaluator.batches": 1},
}
COMMAND: Any = typer.main.get_command(cli.app)


# -- reading --------------------------------------------------------------------------------------


def blocks(text: str, *languages: str) -> list[str]:
    """Fenced blocks in one of these languages."""
    found = re.findall(r"^```([^\n`]*)\n(.*?)^```\s*$", text, re.MULTILINE | re.DOTALL)
    return [body for language, body in found if language.strip().lower() in languages]


def spans(text: str) -> list[str]:
    """Inline code outside fenced blocks."""
    outside = re.sub(r"^```.*?^```\s*$", "", text, flags=re.MULTILINE | re.DOTALL)
    return [span.replace("\\|", "|").strip() for span in re.findall(r"`([^`\n]+)`", outside)]


def lines(block: str) -> Iterator[list[str]]:
    """Command lines of a block as words: no prompts, no comments, continued lines joined."""
    for line in block.replace("\\\n", " ").splitlines():
        words = shlex.split(line.removeprefix("$ "), comments=True)
        while words and re.fullmatch(r"[A-Za-z_]+=\S*", words[0]):
            del words[0]
        if re.fullmatch(r"python3?", words[0] if words else "") and words[1:3] == ["-m", "gapless"]:
            words[:3] = ["gapless"]
        if words:
            yield words


def commands(text: str) -> list[list[str]]:
    """Every ``gapless ...`` of the fenced blocks, without its first word."""
    every = (words for block in blocks(text, *SHELLS) for words in lines(block))
    return [words[1:] for words in every if words[0] == "gapless"]


# -- what does not exist --------------------------------------------------------------------------


def unknown(text: str) -> list[str]:
    """Commands, options, settings, Python names, make targets and files that a text mentions for nothing."""
    found: list[str] = []
    mentioned = [lines(block) for block in blocks(text, *SHELLS)]
    mentioned += [
        lines(span) for span in spans(text) if re.match(r"(\$ )?(gapless|make|python3? -m gapless)\b", span)
    ]
    for words in (words for one in mentioned for words in one):
        if words[0] == "gapless":
            found += wrong_command(words[1:])
        elif words[0] == "make":
            found += [
                f"make {word}" for word in words[1:] if f"\n{word}:" not in (ROOT / "Makefile").read_text()
            ]
    for span in spans(text):
        if span.startswith("--"):
            found += wrong_options(span.split(), every_option())
        elif re.fullmatch(r"gapless(\.\w+)+(\(.*\))?", span):
            found += wrong_name(span.partition("(")[0])
    targets = re.findall(r"\]\(([^)\s#]+)[^)]*\)", text)
    found += [place for place in targets if "://" not in place and not (ROOT / place).exists()]
    return found


def wrong_command(words: list[str]) -> list[str]:
    """``methods list|show`` stands for two commands."""
    command, rest = COMMAND, list(words)
    while rest and hasattr(command, "commands") and not rest[0].startswith("-"):
        names = rest.pop(0).split("|")
        missing = [name for name in names if name not in command.commands]
        if missing:
            return [f"gapless {name}" for name in missing]
        command = command.commands[names[0]]
    return wrong_options(rest, options(command) | {"--help"})


def wrong_options(words: list[str], known: set[str]) -> list[str]:
    found = [word for word in words if word.startswith("-") and word.partition("=")[0] not in known]
    values = [text for option, text in pairwise(words) if option == "--set"]
    return found + [text for text in values if "part.field" not in text and not settable(text)]


def settable(text: str) -> bool:
    recipe, space = gapless.methods.get("darts", "quick"), gapless.spaces.get("darts")
    preset = space.presets["quick"]
    places = {"space": space, "recipe": recipe, "search": preset.search, "deploy": preset.deploy}
    try:
        made = spread(pairs([text]), {**places, "training": preset.training, "data": DataSettings()})
        check(made["recipe"], made["space"])
    except Refused:
        return False
    return True


def options(command: Any) -> set[str]:
    return {
        name for one in command.params for name in (*one.opts, *one.secondary_opts) if name.startswith("-")
    }


def every_option(command: Any = COMMAND) -> set[str]:
    inner = getattr(command, "commands", {}).values()
    return options(command).union({"--help"}, *map(every_option, inner))


def wrong_name(path: str) -> list[str]:
    value: Any = gapless
    for name in path.split(".")[1:]:
        try:
            value = getattr(value, name)
        except AttributeError:
            try:
                value = importlib.import_module(f"{value.__name__}.{name}")
            except (AttributeError, ImportError):
                return [path]
    return []


def test_everything_that_is_mentioned_exists() -> None:
    assert commands(README), "README.md shows no command"
    assert blocks(README, "python"), "README.md shows no Python"
    assert unknown(README) == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("```\ngapless serch --space darts\n```", "gapless serch"),
        ("```sh\n$ gapless search --spcae darts # why\n```", "--spcae"),
        ("```sh\ngapless search \\\n  --epohcs 3\n```", "--epohcs"),
        ("```bash\nOMP_NUM_THREADS=1 python -m gapless search --nope\n```", "--nope"),
        ("| `gapless methods list\\|shwo` | x |", "gapless shwo"),
        ("`gapless resume DIR --onnx FILE`", "--onnx"),
        ("`--jsno` on any of them", "--jsno"),
        ("`--set weights.l=1`", "weights.l=1"),
        ("`--set weights.lr=-1`", "weights.lr=-1"),
        ("`gapless.serch(run=1)`", "gapless.serch"),
        ("`gapless.data.from_dataset`", "gapless.data.from_dataset"),
        ("```\nmake dmo\n```", "make dmo"),
        ("[this](MISSING.md)", "MISSING.md"),
    ],
)
def test_what_does_not_exist_is_found(text: str, wrong: str) -> None:
    assert unknown(text) == [wrong]


# -- running --------------------------------------------------------------------------------------


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of noise in two classes; the working directory is empty."""
    rng = np.random.default_rng(0)
    for title in ("cats", "dogs"):
        place = tmp_path / "images" / title
        place.mkdir(parents=True)
        for i in range(60):
            Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(place / f"{i}.png")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "images"


def tiny(space: str, method: str, by_name: bool) -> dict[str, int]:
    found = {**TINY[""], **TINY.get(space, {}), **(TINY["data"] if by_name else {})}
    return found | (TINY["explores"] if method in ("spos", "fairnas", "random") else {})


def after(words: list[str], option: str, default: str) -> str:
    return words[words.index(option) + 1] if option in words else default


def made_small(words: list[str]) -> list[str]:
    """The same search, of one epoch, one seed, one random architecture and the smallest networks."""
    settings = tiny(after(words, "--space", "darts"), after(words, "--method", "darts"), by_name=True)
    if "--budget" in words:
        words[words.index("--budget") + 1] = "10s"
    else:
        words = [*words, "--epochs", "1"]
    sets = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    return [*words, "--seeds", "1", "--archs", "1", *sets]


def run(words: list[str]) -> None:
    status: object = 0
    try:
        cli.main(words)
    except SystemExit as end:
        status = end.code or 0
    assert status == 0, words


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_every_command_runs(images: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the order of the page, so that later commands find the folders of earlier ones."""
    last = ""
    for words in commands(README):
        words = [word.replace("folder:PATH", f"folder:{images}") for word in words]  # noqa: PLW2901
        if words[0] == "search":
            last = after(words, "--run", "")
            words = made_small(words)  # noqa: PLW2901
        elif words[0] in ("audit", "retrain") and "--help" not in words:
            words = ["1" if word.isdecimal() else word for word in words]  # noqa: PLW2901
            words = ["1s" if re.fullmatch(r"\d+m", word) else word for word in words]  # noqa: PLW2901
        run([last if word == "DIR" else word for word in words])
        assert capsys.readouterr().out.strip(), words


class Pairs:
    """``(image, label)``, as torchvision's data sets give them."""

    def __init__(self, n: int) -> None:
        self.images = np.random.default_rng(n).integers(0, 256, (n, 8, 8), dtype=np.uint8)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, i: int) -> tuple[np.ndarray, int]:
        return self.images[i], i % 2


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_every_python_block_runs(images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other in one namespace; ``train`` and ``test`` are the reader's own data."""
    search = gapless.search

    def small(space: Any = "darts", data: Any = "digits", method: Any = "darts", **given: Any) -> Any:
        names = (getattr(one, "name", one) for one in (space, method))
        settings = tiny(*names, by_name=isinstance(data, str)) | given.pop("settings", {})
        return search(
            space, data, method, **{**given, "epochs": 1, "seeds": 1, "archs": 1}, settings=settings
        )

    monkeypatch.setattr(gapless, "search", small)
    namespace: dict[str, Any] = {"train": Pairs(90), "test": Pairs(40)}
    for number, block in enumerate(blocks(README, "python")):
        code = block.replace("folder:PATH", f"folder:{images}")
        exec(compile(code, f"README.md, Python block {number + 1}", "exec"), namespace)
