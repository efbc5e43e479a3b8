"""What cannot be done is said in one line, with exit status 2, and nothing is half-written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.job.tiny import NO_MORE, tree, words

from gapless import data as data_sets
from gapless import spaces
from gapless.core.errors import BadData, BadValue

from .conftest import Command
from .refusal import images, mounted, refused, usage

# -- a request ------------------------------------------------------------------------------------

NAMES = {
    "space": (["--space", "dart"], "a space", "'dart'", "did you mean 'darts'?"),
    "space, nothing near": (["--space", "zzz"], "'zzz'", f"choose one of {', '.join(spaces.names())}"),
    "method": (["--method", "darts-3nd"], "a method", "'darts-3nd'", "did you mean 'darts-2nd'?"),
    "data": (["--data", "digit"], "a data set", "'digit'", "did you mean 'digits'?"),
    "data, empty": (["--data", ""], "the name of a data set", "got ''; choose one of cifar10"),
    "data, blank": (["--data", "  "], "the name of a data set", "choose one of cifar10"),
    "data, folder without path": (["--data", "folder:"], "folder:PATH", "'folder:'"),
    "preset": (["--preset", "quik"], "a preset", "'quik'", "did you mean 'quick'?"),
    "device": (["--device", "cud"], "a device", "'cud'", "did you mean 'cuda'?"),
    "part": (["--set", "weight.lr=1"], "part in --set", "'weight'", "did you mean 'weights'?"),
    "field of a part": (["--set", "weights.l=1"], "field of optim", "'l'", "did you mean 'lr'?"),
    "field of a shape": (["--set", "search.chanels=4"], "'chanels'", "did you mean 'channels'?"),
    "field of data": (["--set", "data.limits=9"], "'limits'", "did you mean 'limit'?"),
    "field of a training": (["--set", "training.epoch=4"], "'epoch'", "did you mean 'epochs'?"),
    "field of a space": (["--set", "space.node=2"], "'node'", "did you mean 'nodes'?"),
}  # fmt: skip
NUMBERS = {
    "epochs negative": (["--epochs", "-3"], "--epochs of at least 1", "-3", "raise it"),
    "epochs zero": (["--epochs", "0"], "--epochs of at least 1", "0", "raise it"),
    "epochs huge": (["--epochs", "9" * 30], "at most 1,000,000", "9" * 30, "lower it"),
    "seed negative": (["--seed", "-1"], "a seed that is a whole number >= 0", "-1"),
    "archs negative": (["--archs", "-1"], "--archs of at least 0", "-1", "raise it"),
    "seeds zero": (["--seeds", "0"], "--seeds of at least 1", "0", "raise it"),
    "epochs and budget": (["--epochs", "1", "--budget", "1m"], "--epochs or --budget", "both"),
    "budget a word": (["--budget", "long"], "90s, 10m or 2h", "'long'"),
    "budget without unit": (["--budget", "10"], "90s, 10m or 2h", "'10'"),
    "budget zero": (["--budget", "0s"], "90s, 10m or 2h", "'0s'"),
    "budget negative": (["--budget", "-5m"], "90s, 10m or 2h", "'-5m'"),
    "budget empty": (["--budget", ""], "90s, 10m or 2h", "''"),
    "budget infinite": (["--budget", "9" * 400 + "h"], "90s, 10m or 2h"),
    "budget two units": (["--budget", "1h30m"], "90s, 10m or 2h", "'1h30m'"),
}  # fmt: skip
SETTINGS = {
    "no =": ("weights.lr", "--set part.field=value", "'weights.lr'"),
    "no key": ("=3", "--set part.field=value", "'=3'"),
    "a place alone": ("data=3", "a field of 'data'", "'data'", "data.FIELD=VALUE"),
    "a part alone": ("update=3", "a part for 'update'", "'3'", "choose one of "),
    "too deep": ("weights.kind.name=3", "to name one field", "'sgd'"),
    "a word for a number": ("batch=many", "a value like 64 for 'batch'", "'many'"),
    "a fraction for a count": ("batch=2.5", "a value like 64 for 'batch'", "'2.5'"),
    "a truth for a count": ("batch=True", "a value like 64 for 'batch'", "'True'"),
    "a list for a count": ("batch=[1,2]", "a value like 64 for 'batch'", "'[1,2]'"),
    "a word for a schedule": ("weights.lr=fast", "'weights.lr'", "'fast'"),
    "infinity": ("weights.lr=1e999", "'weights.lr'", "'1e999'"),
    "not one of two": ("weights.kind=sdg", "'sgd' or 'adam'", "'sdg'"),
    "not 1 or 2": ("update.order=3", "1 or 2", "'3'"),
    "three betas": ("weights.betas=(0.9,0.9,0.9)", "'weights.betas'", "'(0.9,0.9,0.9)'"),
    "betas of words": ("weights.betas=a,b", "'weights.betas'", "'a,b'"),
    "a word for a part": ("relax=softmx", "'relax'", "'softmx'", "did you mean 'softmax'?"),
    "no such stage": ("stages.7.epochs=1", "a number from 0 to 0", "7"),
    "batch of 1": ("batch=1", "a batch of at least 2 images", "batch 1"),
    "freeze_alpha above 1": ("freeze_alpha=2", "from 0 to 1", "2.0"),
    "training of 0 epochs": ("training.epochs=0", "at least 1 epoch", "0 epochs"),
    "search of 0 channels": ("search.channels=0", "search.channels of at least 1", "0"),
    "search of -1 channels": ("search.channels=-1", "search.channels of at least 1", "-1"),
    "deploy of 0 channels": ("deploy.channels=0", "deploy.channels of at least 1", "0"),
    "search of depth 0": ("search.depth=0", "a depth of at least 1 cell", "0"),
    "deploy of depth 0": ("deploy.depth=0", "a depth of at least 1 cell", "0"),
    "search of 100,000 channels": ("search.channels=100000", "fit into memory", "search", "search.channels"),
    "deploy of 100,000 channels": ("deploy.channels=100000", "fit into memory", "deploy", "deploy.channels"),
    "channels without end": ("search.channels=" + "9" * 30, "search.channels of at most 1,000,000"),
    "depth without end": ("deploy.depth=1000000000", "deploy.depth of at most 1,000"),
    "lr negative": ("weights.lr=-1", "lr of at least 0 and below 1,000,000", "-1"),
    "lr beyond float32": ("weights.lr=1e39", "lr of at least 0 and below 1,000,000", "1e+39"),
    "lr of alpha": ("alphas.lr=-1e-3", "lr of at least 0", "-0.001"),
    "end of a schedule": ("weights.lr.end=-0.5", "lr.end of at least 0", "-0.5"),
    "unit of a schedule": ("weights.lr.per=epochs", "'step' or 'epoch'", "'epochs'"),
    "betas": ("alphas.betas=0.5,1", "betas of at least 0 and below 1", "1.0"),
    "weight decay": ("weights.weight_decay=-1", "weight_decay of at least 0", "-1.0"),
    "clip": ("weights.clip=-1", "clip of at least 0", "-1.0"),
    "label smoothing": ("label_smoothing=2", "label_smoothing of at least 0 and below 1", "2.0"),
    "smoothing in training": ("training.label_smoothing=1", "label_smoothing of at least 0 and below 1"),
    "drop path": ("training.drop_path=3", "drop_path of at least 0 and below 1", "3.0"),
    "cutout": ("training.cutout=-1", "cutout of at least 0", "-1"),
    "a space of nothing": ("space.nodes=0", "at least 1 choice", "none"),
    "limit too small": ("data.limit=3", "a limit of at least 8", "3"),
    "limit below 3 a class": ("data.limit=20", "a limit of at least 30", "20"),
    "limit a word": ("data.limit=few", "'data.limit'", "'few'"),
    "size too small": ("data.size=2", "a size of at least 8", "2"),
    "size beyond memory": ("data.size=9000000", "fit into memory", "data.size"),
    "no look ahead with adam": (("update.order=2", "weights.kind=adam"), "order 2", "is 'adam'"),
    "parts that do not fit": ("relax=None", "parts of method 'darts'", "'bilevel' needs a relaxation"),
}  # fmt: skip


@pytest.mark.parametrize("case", [*NAMES.values(), *NUMBERS.values()], ids=[*NAMES, *NUMBERS])
def test_bad_option(case: tuple[list[str], ...], gapless: Command, tmp_path: Path) -> None:
    option, *holds = case
    run = tmp_path / "run"
    refused(gapless("search", "--run", run, *option), *holds)  # type: ignore[arg-type]
    assert not run.exists()


@pytest.mark.parametrize("case", SETTINGS.values(), ids=SETTINGS)
def test_bad_setting(case: tuple[str | tuple[str, ...], ...], gapless: Command, tmp_path: Path) -> None:
    settings, *holds = case
    run = tmp_path / "run"
    sets = [
        word for text in ([settings] if isinstance(settings, str) else settings) for word in ("--set", text)
    ]
    refused(gapless("search", "--run", run, "--epochs", "1", *sets), *holds)  # type: ignore[arg-type]
    assert not run.exists()


def test_too_small_a_budget_says_what_would_do(gapless: Command, tmp_path: Path) -> None:
    """The time that is named is enough a moment later."""
    run = tmp_path / "run"
    size = [word for word in words(run, *NO_MORE) if word not in ("--epochs",)]
    size.remove("1")
    outcome = gapless(*size, "--budget", "0.00001s")
    refused(outcome, "a budget of at least ", "one epoch of every stage", "'0.00001s'", "raise --budget")
    assert not run.exists()
    least = outcome.err.split("at least ")[1].split()[0]
    assert gapless(*size, "--budget", least).status == 0


def test_an_argument_that_is_no_number_is_refused_by_name(gapless: Command, tmp_path: Path) -> None:
    for option in ("--epochs", "--seed", "--archs", "--seeds"):
        for value in ("many", "1.5", ""):
            usage(gapless("search", "--run", tmp_path / "run", option, value), f"'{option}'", "integer")
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_cuda_where_there_is_none(gapless: Command, tmp_path: Path) -> None:
    refused(
        gapless("search", "--run", tmp_path / "run", "--device", "cuda"), "a CUDA device", "use --device cpu"
    )
    assert not (tmp_path / "run").exists()


def test_unknown_command_and_option(gapless: Command) -> None:
    usage(gapless("serch"), "serch")
    usage(gapless("search", "--nope"), "--nope")
    usage(gapless("methods", "lst"), "lst")
    usage(gapless("search", "stray"), "stray")
    usage(gapless("resume"), "DIR")


OTHERS = {
    "methods show": (["methods", "show", "spoz"], "a method", "did you mean 'spos'?"),
    "methods show, preset": (["methods", "show", "spos", "--preset", "papr"], "did you mean 'paper'?"),
    "methods check": (["methods", "check", "dart"], "a method", "did you mean 'darts'?"),
    "methods check, space": (["methods", "check", "darts", "--space", "nb101"], "did you mean 'nb201'?"),
    "spaces show": (["spaces", "show", "chian"], "a space", "did you mean 'chain'?"),
    "spaces size": (["spaces", "size", "dart"], "a space", "did you mean 'darts'?"),
    "spaces sample": (["spaces", "sample", "darts", "--seed", "-1"], "a whole number >= 0", "-1"),
}  # fmt: skip


@pytest.mark.parametrize("case", OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize("more", [[], ["--json"]], ids=["", "json"])
def test_bad_name_elsewhere(case: tuple[list[str], ...], more: list[str], gapless: Command) -> None:
    command, *holds = case
    refused(gapless(*command, *more), *holds)


def test_json_does_not_change_how_a_refusal_looks(gapless: Command, tmp_path: Path) -> None:
    refused(gapless("search", "--run", tmp_path / "run", "--space", "dart", "--json"), "'darts'")
    refused(gapless("search", "--json"), "--run DIR", "none")
    for command in ("resume", "retrain", "audit", "report"):
        refused(gapless(command, tmp_path / "none", "--json"), "no such folder")
    usage(gapless("search", "--run", tmp_path / "run", "--epochs", "x", "--json"))


def test_a_pair_that_cannot_run(
    gapless: Command, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from gapless import spaces

    monkeypatch.setitem(spaces.INDEX.places, "uneven", f"{__name__}:uneven")  # type: ignore[index]
    refused(gapless("methods", "check", "fairnas", "--space", "uneven"), "'fairnas' runs on", "'uneven'")
    answer = gapless("methods", "check", "fairnas", "--space", "uneven", "--json")
    assert answer.status == 2
    assert json.loads(answer.out)["runs"] is False
    assert answer.err.count("\n") == 1
    refused(gapless("search", "--space", "uneven", "--method", "fairnas", "--run", "never"), "'fairnas'")
    assert not Path("never").exists()


def uneven() -> object:
    """A space whose layers have different numbers of options."""
    from dataclasses import dataclass
    from functools import cached_property

    from gapless.core import Choice, Space
    from gapless.spaces.chain import Chain

    @dataclass(frozen=True)
    class Uneven(Chain):
        name: str = "uneven"

        @cached_property
        def choices(self) -> Space:
            some = (dict.fromkeys(self.options[: 2 + i % 2]) for i in range(len(self.widths)))
            return Space(tuple(Choice(f"layer{i}", o, group="layers") for i, o in enumerate(some)))

    return Uneven()


# -- the place of a run ---------------------------------------------------------------------------


def test_no_run_folder_is_named(gapless: Command) -> None:
    refused(gapless("search"), "--run DIR", "none", "--run runs/a")


def test_run_folder_is_a_file(gapless: Command, tmp_path: Path) -> None:
    place = tmp_path / "run"
    place.write_text("mine")
    refused(gapless("search", "--run", place), "a folder for the run", "a file", "another name")
    assert place.read_text() == "mine"


def test_run_folder_holds_a_run(gapless: Command, begun: Path) -> None:
    before = tree(begun)
    refused(gapless("search", "--run", begun), "a new folder", "holds a run", f"gapless resume {begun}")
    assert tree(begun) == before


def test_run_folder_holds_other_files(gapless: Command, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    refused(gapless("search", "--run", tmp_path), "new or empty", "other files", "another name")
    assert tree(tmp_path) == {"notes.txt": b"mine"}


def test_run_folder_under_a_file(gapless: Command, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    refused(gapless("search", "--run", tmp_path / "file" / "run"), "can be written", "another name")
    assert tree(tmp_path) == {"file": b"mine"}


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no /proc here")
def test_run_folder_where_nothing_can_be_made(gapless: Command) -> None:
    refused(gapless(*words(Path("/proc/gapless/run"))), "can be written", "/proc")


def test_run_folder_on_a_read_only_disk(gapless: Command, tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "ro,size=64k") as disk:
        refused(gapless("search", "--run", disk / "run"), "can be written", str(disk), "another name")


# -- data -----------------------------------------------------------------------------------------


def _one_class(root: Path) -> None:
    images(root / "cats", 9)


def _corrupt(root: Path) -> None:
    images(root / "cats", 9)
    images(root / "dogs", 9)
    whole = (root / "dogs" / "4.png").read_bytes()
    (root / "dogs" / "4.png").write_bytes(whole[: len(whole) // 2])


def _text_only(root: Path) -> None:
    for title in ("cats", "dogs"):
        (root / title).mkdir(parents=True)
        (root / title / "notes.txt").write_text("no image")


def _few(root: Path) -> None:
    images(root / "cats", 9)
    images(root / "dogs", 3)


def _small(root: Path) -> None:
    images(root / "cats", 9, side=4)
    images(root / "dogs", 9, side=4)


def _empty_class(root: Path) -> None:
    images(root / "cats", 9)
    (root / "dogs").mkdir()


def _test_only(root: Path) -> None:
    images(root / "test" / "cats", 9)
    images(root / "test" / "dogs", 9)


def _other_classes(root: Path) -> None:
    for part, other in (("train", "dogs"), ("test", "birds")):
        images(root / part / "cats", 9)
        images(root / part / other, 9)


FOLDERS: dict[str, tuple[Callable[[Path], None], tuple[str, ...]]] = {
    "empty": (lambda root: root.mkdir(), ("at least 2 class folders", "none")),
    "missing": (lambda root: None, ("a folder of images", "does not exist", "check the path")),
    "a file": (lambda root: root.write_text("x") and None, ("a folder of images", "a file")),
    "one class": (_one_class, ("at least 2 class folders", "1 ('cats')")),
    "a corrupt image": (_corrupt, ("4.png",)),
    "text only": (_text_only, ("images in", "none", ".png")),
    "too few a class": (_few, ("in every class", "3 in class 'dogs'", "add images")),
    "an empty class": (_empty_class, ("in every class", "0 in class 'dogs'")),
    "4 x 4 images": (_small, ("8 x 8", "4 x 4", "enlarge")),
    "test only": (_test_only, ("train/<class>/", "in test only")),
    "other classes in test": (_other_classes, ("the same class folders", "'birds' in test only")),
}


@pytest.mark.parametrize("case", FOLDERS.values(), ids=FOLDERS)
def test_bad_folder_of_images(
    case: tuple[Callable[[Path], None], tuple[str, ...]], gapless: Command, tmp_path: Path
) -> None:
    make, holds = case
    make(tmp_path / "images")
    refused(gapless(*words(tmp_path / "run"), "--data", f"folder:{tmp_path / 'images'}"), *holds)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("command", ["search", "explore"])
def test_a_damaged_image_of_a_folder_that_is_not_held_in_memory(
    command: str, gapless: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here a test image, which nothing would look at before the search has ended."""
    monkeypatch.setattr("gapless.data.folder.MEMORY_LIMIT", 0)
    for part, count in (("train", 20), ("test", 3)):
        for title in ("cats", "dogs"):
            images(tmp_path / "data" / part / title, count)
    bad = tmp_path / "data/test/dogs/1.png"
    bad.write_bytes(bad.read_bytes()[:-30])
    words = [command, "--run", tmp_path / "run", "--data", f"folder:{tmp_path / 'data'}", "--epochs", "1"]
    words += ["--trials", "1"] if command == "explore" else []
    refused(gapless(*words), "an image that can be read", str(bad))
    assert not (tmp_path / "run").exists()


def test_a_folder_without_its_prefix(gapless: Command, tmp_path: Path) -> None:
    outcome = gapless("search", "--run", tmp_path / "run", "--data", tmp_path)
    refused(outcome, "the name of a data set", str(tmp_path), f"write folder:{tmp_path}")


class Pairs:
    """24 noise images of 8 x 8 in 2 classes, some of them spoilt."""

    def __init__(self, nan: int = -1, label: int = 1) -> None:
        self.nan, self.label = nan, label

    def __len__(self) -> int:
        return 24

    def __getitem__(self, i: int) -> tuple[torch.Tensor, int]:
        image = torch.full((1, 8, 8), i / 24.5)
        return (image * torch.nan if i == self.nan else image), (self.label if i == 5 else i % 2)


@pytest.mark.parametrize(
    ("spoilt", "holds"),
    [
        (Pairs(nan=7), "expected finite pixels; got NaN or infinity at train[7]"),
        (Pairs(label=-1), "expected labels from 0 to 1; got -1 at train[5]"),
        (Pairs(label=9), "class '2'"),
    ],
    ids=["nan", "negative label", "label without images"],
)  # fmt: skip
def test_bad_data_in_python(spoilt: Pairs, holds: str, tmp_path: Path) -> None:
    import gapless

    with pytest.raises(BadData) as error:
        gapless.search(data=data_sets.from_datasets(spoilt, Pairs()), run=tmp_path / "run")
    assert holds in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "run").exists()


def test_bad_setting_in_python(tmp_path: Path) -> None:
    import gapless

    with pytest.raises(BadValue, match=r"search\.channels of at least 1; got 0"):
        gapless.search(run=tmp_path / "run", settings={"search.channels": 0})
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("given", "holds"),
    [
        ({"data": [1, 2]}, "the name of a data set, or data; got data=[1, 2]; "),
        ({"method": 3}, "the name of a method, or a recipe; got method=3; "),
        ({"space": 3}, "the name of a space, or a space; got space=3; "),
        ({"settings": ["a=1"]}, "settings by name; got settings=['a=1']; "),
        ({"run": 3}, "the path of a folder; got run=3; "),
        ({"epochs": "3"}, "got '3'; give a whole number"),
        ({"seed": "3"}, "got '3'"),
        ({"epochs": 0}, "got 0; raise it"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, dict) else "",
)
def test_an_argument_of_another_kind_in_python(given: dict[str, Any], holds: str, tmp_path: Path) -> None:
    import gapless

    for call in (gapless.search, gapless.explore):
        if call is gapless.search or "method" not in given:
            with pytest.raises(BadValue) as error:
                call(**{"run": tmp_path / "run", **given})
            assert holds in str(error.value)
            assert "\n" not in str(error.value)
    assert not (tmp_path / "run").exists()


def test_a_device_of_torch_is_one(tmp_path: Path) -> None:
    import gapless

    with pytest.raises(BadValue, match=r"search\.channels of at least 1; got 0"):
        gapless.search(run=tmp_path / "run", device=torch.device("cpu"), settings={"search.channels": 0})
