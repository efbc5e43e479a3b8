"""An ablation: its variants, the same seeds and data, stored searches that are not done again, Ctrl-C."""

from __future__ import annotations

import json
import shlex
import shutil
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.job.test_interrupt import appears, started
from tests.job.tiny import SETS, SETTINGS, tree

from gapless import cli, spaces
from gapless.core.errors import BadRunFolder, BadValue, Incompatible, Refused, UnknownName
from gapless.engine.folder import RunFolder
from gapless.job import ablate as module
from gapless.job.ablate import Ablation, ablate, parsed, skips
from gapless.job.request import Request
from gapless.job.show import Quiet

BASE = Request(
    "darts", "digits", "darts", epochs=1, retrain=False,
    sets=tuple((key, str(value)) for key, value in SETTINGS.items()),
)  # fmt: skip
CHANGES = (("relax", "edge-product"), ("partial", "2"))
ONE = Ablation(BASE, CHANGES[:1], 1)


def test_variants() -> None:
    asked = Ablation(BASE, CHANGES, 3)
    found = asked.variants()
    assert list(found) == ["base", "relax=edge-product", "partial=2", "all"]
    assert found["base"] == BASE
    assert found["partial=2"] == replace(BASE, sets=(*BASE.sets, CHANGES[1]))
    assert found["all"].sets == (*BASE.sets, *CHANGES)
    places = {asked.place(variant, seed) for variant in found for seed in range(3)}
    assert len(places) == 12
    assert "partial=2/seed-1" in places


def test_two_ways_for_one_part_are_not_put_together() -> None:
    assert list(Ablation(BASE, (("relax", "softmax"), ("relax", "edge-product"))).variants()) == [
        "base", "relax=softmax", "relax=edge-product",
    ]  # fmt: skip
    assert "all" not in ONE.variants(), "one change is all of them"


def test_places_are_folders_of_their_own() -> None:
    asked = Ablation(BASE, (("weights.lr", "../../x"), ("a/b", "c d"), ("x", "1")), 1)
    for variant in asked.variants():
        assert ".." not in asked.place(variant, 0).split("/")
        assert asked.place(variant, 0).count("/") == 1
    other = Ablation(BASE, CHANGES, 1)
    assert asked.place("all", 0) != other.place("all", 0), "all of other changes is another search"


@pytest.mark.parametrize("text", ["relax", "relax=", "=softmax", "relax=softmax,mask", " = "])
def test_words_that_are_no_changes(text: str) -> None:
    with pytest.raises(BadValue, match="--parts part=name"):
        parsed(text)


def test_words_that_are() -> None:
    assert parsed("relax=edge-product, partial=2,") == CHANGES
    assert parsed("a=b=c") == (("a", "b=c"),)
    for changes in ((), (CHANGES[0], CHANGES[0])):
        with pytest.raises(BadValue, match="at least 1 change, each once"):
            Ablation(BASE, changes)
    with pytest.raises(BadValue, match="--seeds"):
        Ablation(BASE, CHANGES, 0)


def test_skips_are_counted() -> None:
    space = spaces.get("nb201")
    text = "|skip_connect~0|+|none~0|skip_connect~1|+|nor_conv_3x3~0|skip_connect~1|avg_pool_3x3~2|"
    arch = space.from_string(text)  # type: ignore[attr-defined]
    assert skips(space.choices, arch) == 3
    assert skips(spaces.get("chain").choices, spaces.get("chain").choices.at(0)) == 8


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a base and one change, two seeds each."""
    folder = tmp_path_factory.mktemp("ablated") / "a"
    found = ablate(Ablation(BASE, CHANGES[:1], 2), str(folder), Quiet())
    assert found == json.loads((folder / module.FILE).read_text())
    return folder


@pytest.mark.slow
def test_the_table_is_what_the_searches_stored(searched: Path) -> None:
    found = json.loads((searched / module.FILE).read_text())
    assert [(s["variant"], s["seed"]) for s in found["searches"]] == [
        ("base", 0), ("relax=edge-product", 0), ("base", 1), ("relax=edge-product", 1),
    ]  # fmt: skip
    for search in found["searches"]:
        run = RunFolder.open(searched / search["run"])
        measured = run.read_json("measured.json")
        assert search["a1"] == measured["a1"]["accuracy"]
        assert search["drop"] == search["a0"] - search["a1"]
        header = run.read_json("run.json")
        assert header["request"]["seed"] == search["seed"]
    rows = {row["variant"]: row for row in found["table"]}
    values = [s["a2"] for s in found["searches"] if s["variant"] == "base"]
    assert rows["base"]["a2"]["mean"] == pytest.approx(sum(values) / 2)
    assert rows["relax=edge-product"]["difference"]["skips"]["n"] == 2


@pytest.mark.slow
def test_variants_see_the_same_data_in_the_same_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gapless.data import Data

    seen: list[list[float]] = []
    real, opened = Data.batch, module._opened

    def watched(self: Data, *args: Any, **settings: Any) -> Any:
        x, y = real(self, *args, **settings)
        seen[-1].append(float(x.double().sum()))
        return x, y

    def opening(*args: Any) -> Any:
        seen.append([])
        return opened(*args)

    monkeypatch.setattr(Data, "batch", watched)
    monkeypatch.setattr(module, "_opened", opening)
    ablate(ONE, str(tmp_path / "a"), Quiet())
    base, other = seen
    assert base == other
    assert len(base) > 4


@pytest.mark.slow
def test_what_is_done_is_not_done_again(
    searched: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, done = str(shutil.copytree(searched, tmp_path / "a")), []
    real = module.carried_out

    def counted(planned: Any, run: Any, show: Any) -> Any:
        done.append(run.path.parent.name)
        return real(planned, run, show)

    monkeypatch.setattr(module, "carried_out", counted)
    first = json.loads((searched / module.FILE).read_text())
    again = ablate(Ablation(BASE, CHANGES[:1], 2), folder, Quiet())
    assert done == []
    assert (again["searches"], again["table"]) == (first["searches"], first["table"])
    more = ablate(Ablation(BASE, CHANGES[1:], 1), folder, Quiet())
    assert done == ["partial=2"]
    assert more["searches"][0] == first["searches"][0]
    with pytest.raises(BadRunFolder, match="another one: other data, epochs or settings"):
        ablate(replace(ONE, base=replace(BASE, epochs=2)), folder, Quiet())


@pytest.mark.slow
@pytest.mark.parametrize(
    "other",
    [
        replace(ONE, base=replace(BASE, epochs=2)),
        replace(ONE, base=replace(BASE, epochs=2, seed=9)),
    ],
    ids=["the same places", "other places"],
)
def test_the_table_of_another_ablation_is_left_alone(other: Ablation, searched: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(searched, tmp_path / "a")
    before = tree(folder)
    with pytest.raises(BadRunFolder, match="another one: other data, epochs or settings"):
        ablate(other, str(folder), Quiet())
    assert tree(folder) == before


@pytest.mark.slow
def test_a_search_that_is_another_is_seen_before_anything_is_written(searched: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(searched, tmp_path / "a")
    last = folder / "relax=edge-product/seed-1"
    header = json.loads((last / "run.json").read_text())
    header["request"]["archs"] += 1
    (last / "run.json").write_text(json.dumps(header))
    before = tree(folder)
    with pytest.raises(BadRunFolder, match=r"seed-1'; got another one"):
        ablate(Ablation(BASE, CHANGES[:1], 2), str(folder), Quiet())
    assert tree(folder) == before


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ((("relax", "softmx"),), UnknownName, "did you mean 'softmax'"),
        ((("relax", "none"),), Incompatible, "needs a relaxation"),
        ((("partial", "3"),), BadValue, "multiple of 3"),
        ((("partal", "2"),), UnknownName, "did you mean 'partial'"),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_is(
    changes: tuple[tuple[str, str], ...], error: type[Refused], said: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=said):
        ablate(Ablation(BASE, (*CHANGES[:1], *changes)), str(tmp_path / "a"), Quiet())
    assert not (tmp_path / "a").exists()


def test_a_foreign_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "thesis.tex").write_text("x")
    with pytest.raises(BadRunFolder, match="other files"):
        ablate(ONE, str(tmp_path / "a"), Quiet())
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["thesis.tex"]


@pytest.mark.slow
def test_ctrl_c_keeps_what_is_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "a"
    words = ["ablate", "--base", "darts", "--parts", "relax=edge-product", "--run", str(run), *SETS]
    words += ["--seeds", "1", "--epochs", "30"]
    process = started(*words)
    appears(run / "relax=edge-product" / "seed-0" / "trace.csv", process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err.count("\n")) == (130, "", 1)
    assert "1 of 2 searches done" in err
    stored = json.loads((run / module.FILE).read_text())
    assert [s["variant"] for s in stored["searches"]] == ["base"]
    command = shlex.split(err.split("continue with: ")[1])
    cli.main([*command[1:], "--json"])
    found = json.loads(capsys.readouterr().out)
    assert [s["variant"] for s in found["searches"]] == ["base", "relax=edge-product"]
    assert found["searches"][0] == stored["searches"][0]
    whole = tmp_path / "b"
    cli.main([*[str(whole) if word == str(run) else word for word in words], "--json"])
    again = json.loads(capsys.readouterr().out)
    assert again["searches"] == found["searches"], "stopped and continued is the same as never stopped"
