"""Run folders side by side: grouping, pairing, what is left out, and two real searches."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.job.synthetic import SPACE, made, several
from tests.job.tiny import SETTINGS

import gapless
from gapless.core.errors import BadRunFolder, BadValue
from gapless.job.compare import compare, free


def test_variants_are_told_apart_by_what_differs(tmp_path: Path) -> None:
    paths = [
        made(tmp_path / "a", "darts"), made(tmp_path / "b", "darts", 1),
        made(tmp_path / "c", "darts", sets=(("relax", "edge-product"),)),
        made(tmp_path / "d", "pc-darts", epochs=75),
        made(tmp_path / "e", "darts", epochs=10),
        made(tmp_path / "f", "pc-darts", limits=("params=1M",), epochs=75),
    ]  # fmt: skip
    found = compare(paths)
    json.loads(json.dumps(found), parse_constant=pytest.fail)
    assert [(v["variant"], v["seeds"]) for v in found["variants"]] == [
        ("darts, epochs=50", [0, 1]), ("darts, epochs=50, relax=edge-product", [0]), ("pc-darts", [0]),
        ("darts, epochs=10", [0]), ("pc-darts, max params=1M", [0]),
    ]  # fmt: skip
    assert found["notes"] == ["not all variants were searched with for as many epochs: 10, 50, 75"]
    assert compare(paths[:2])["variants"][0]["variant"] == "darts"


def test_networks_of_ones_own_are_told_apart_by_their_form(tmp_path: Path) -> None:
    paths = []
    for name, form in (("a", "12345678"), ("b", "87654321"), ("c", "12345678")):
        path = made(tmp_path / name, "spos", int(name == "c"))
        found = json.loads((path / "findings.json").read_text())
        found["question"] |= {"space": "own", "form": form}
        (path / "findings.json").write_text(json.dumps(found))
        paths.append(path)
    found = compare(paths)
    assert [(v["variant"], v["seeds"]) for v in found["variants"]] == [
        ("spos, own 12345678", [0, 1]), ("spos, own 87654321", [0]),
    ]  # fmt: skip
    assert found["left out"] == []


def test_preset_device_and_trainings_do_not_tell_the_method(tmp_path: Path) -> None:
    paths = [
        made(tmp_path / "a", seeds=3), made(tmp_path / "b", seed=1, seeds=5, device="cpu", archs=9),
        made(tmp_path / "c", preset="paper"),
    ]  # fmt: skip
    assert [(v["variant"], v["seeds"]) for v in compare(paths)["variants"]] == [
        ("darts, quick", [0, 1]), ("darts, paper", [0]),
    ]  # fmt: skip


def test_common_seeds_are_paired(tmp_path: Path) -> None:
    found = compare(several(tmp_path))
    (pair,) = found["pairs"]
    row = pair["measures"]["test"]
    assert (row["paired"], row["common seeds"]) == (True, 4)
    assert row["difference"]["mean"] == pytest.approx(0.02)
    assert (row["p"], row["least"]) == (0.125, 0.125)
    assert row["flips"] > 0
    assert pair["sentence"].startswith("'pc-darts' is 2.0 points better than 'darts' in test accuracy (95 %")
    assert {m["name"] for m in found["measures"]} == set(found["runs"][0]["measures"])
    assert pair["measures"]["search time"]["difference"]["mean"] == 0


def test_the_checklist_counts_all_searches(tmp_path: Path) -> None:
    rows = {row["practice"]: row for row in compare(several(tmp_path))["checklist"]}
    assert rows["Several searches"]["shown"] == "4 searches"
    assert not rows["Parts are ablated"]["met"]
    assert not rows["Several trainings of the result"]["met"]
    assert str(tmp_path) in rows["Compared with random search at equal cost"]["do"]
    alone = {row["practice"]: row for row in compare(several(tmp_path / "more", 2))["checklist"]}
    assert not alone["Several searches"]["met"]


def test_what_is_missing_is_named_and_the_rest_compared(tmp_path: Path) -> None:
    paths = [*several(tmp_path, 2), made(tmp_path / "bare", "darts", 9, None)]
    begun = made(tmp_path / "begun", "darts", 10)
    (begun / "findings.json").unlink()
    again = made(tmp_path / "again", "darts", 0)
    found = compare([*paths, begun, again])
    assert found["left out"] == [
        {"run": str(begun), "why": f"not finished; gapless resume {begun}"},
        {"run": str(again), "why": f"the same search as {paths[0]}"},
    ]
    (row,) = found["missing"]
    assert row["runs"] == [str(tmp_path / "bare")]
    assert row["measures"][:2] == ["test", "a0"]
    assert row["do"] == f"gapless audit {tmp_path / 'bare'}"
    assert found["variants"][0]["seeds"] == [0, 1, 9]
    assert found["variants"][0]["measures"]["test"]["n"] == 2
    assert compare([paths[0], paths[0]])["left out"][0]["why"].startswith("the same search")


def test_different_data_are_not_set_against_each_other(tmp_path: Path) -> None:
    paths = [
        made(tmp_path / "a"), made(tmp_path / "b", "pc-darts", sets=(("data.limit", "100"),)),
        made(tmp_path / "c", "spos", images="fedcba9876543210"),
    ]  # fmt: skip
    found = compare(paths)
    assert found["pairs"] == []
    assert len(found["apart"]) == 3
    assert [v["data"] for v in found["variants"]] == [
        "digits (012345)", "digits, data.limit=100", "digits (fedcba)",
    ]  # fmt: skip
    assert found["variants"][1]["variant"] == "pc-darts, digits, data.limit=100"


def test_other_versions_are_noted(tmp_path: Path) -> None:
    found = compare([made(tmp_path / "a"), made(tmp_path / "b", seed=1, torch="2.10")])
    assert found["notes"] == ["the runs were not all done with the same torch: 2.10, 2.9"]
    old = made(tmp_path / "old", seed=2, blocks={"method": {"epochs": [50], "fingerprint": "another"}})
    assert [v["variant"] for v in compare([tmp_path / "a", old])["variants"]] == [
        "darts (recipe darts()",
        "darts (recipe anothe)",
    ]


def test_collapse_is_counted(tmp_path: Path) -> None:
    skips = SPACE.from_string(  # type: ignore[attr-defined]
        "|skip_connect~0|+|none~0|skip_connect~1|+|skip_connect~0|skip_connect~1|avg_pool_3x3~2|"
    )
    convolved = SPACE.from_string(  # type: ignore[attr-defined]
        "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|skip_connect~0|skip_connect~1|avg_pool_3x3~2|"
    )
    paths = [
        made(tmp_path / "0", "darts", 0, 0.9, arch=SPACE.choices.index(skips)),
        made(tmp_path / "1", "darts", 1, 0.8, arch=SPACE.choices.index(convolved)),
        made(tmp_path / "2", "darts", 2, 0.86, arch=SPACE.choices.index(convolved)),
        made(tmp_path / "3", "darts", 3, 0.86, arch=0),
    ]
    found = compare(paths)["variants"][0]
    told = {name: (row["count"], row["n"]) for name, row in found["collapse"].items()}
    assert told == {
        "collapsed": (3, 4), "below the worst random one": (1, 4), "below the mean random one": (3, 4),
        "without parameters": (2, 4),
    }  # fmt: skip
    assert (found["found"]["archs"], found["found"]["distinct"]) == (4, 3)
    assert free({}) is None
    counted = {"audit": {"free": {"share": 1.0}}, "drawing": {"panels": [{"edges": [{"label": "conv"}]}]}}
    assert free(counted)
    assert not free({"drawing": {"panels": [{"edges": [{"label": "sep_conv_3x3 identity"}]}]}})
    assert free({"drawing": {"panels": [{"edges": [{"label": ""}]}]}}) is None


def _spoilt(place: Path, name: str, text: str) -> Path:
    (made(place, seed=1) / name).write_text(text)
    return place


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("findings.json", "{", "a readable findings.json"),
        ("findings.json", "[]", "findings written by gapless"),
        ("findings.json", '{"version": 2}', "version 2"),
        ("findings.json", '{"architecture": {"json": {"format": "other"}}}', "findings written by gapless"),
        ("run.json", "{}", "another format"),
        ("run.json", '{"format": "gapless.run", "version": 1, "kind": "explore"}', "explore"),
        ("run.json", '{"format": "gapless.run", "version": 1}', "holds a request"),
    ],
)
def test_a_folder_that_cannot_be_read(name: str, text: str, said: str, tmp_path: Path) -> None:
    paths = [made(tmp_path / "good"), _spoilt(tmp_path / "bad", name, text)]
    with pytest.raises(BadRunFolder, match=said):
        compare(paths)


def test_it_needs_no_torch(tmp_path: Path) -> None:
    code = "import sys; from gapless import cli; cli.main(sys.argv[1:]); print('torch' in sys.modules)"
    paths = [made(tmp_path / "a"), made(tmp_path / "b", seed=1)]
    words = [sys.executable, "-c", code, "compare", *map(str, paths)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"


def test_too_few(tmp_path: Path) -> None:
    with pytest.raises(BadValue, match="two run folders or more"):
        compare([made(tmp_path / "a")])
    with pytest.raises(BadRunFolder, match="no such folder"):
        compare([tmp_path / "a", tmp_path / "b"])
    for name in ("a", "c"):
        (made(tmp_path / name, seed=1) if name == "c" else tmp_path / name).joinpath("findings.json").unlink()
    with pytest.raises(BadRunFolder, match="whose search has ended"):
        compare([tmp_path / "a", tmp_path / "c"])


def test_the_folder_of_an_ablation_stands_for_its_searches(tmp_path: Path) -> None:
    several(tmp_path, 2)
    runs = [{"run": "darts-0"}, {"run": "pc-0"}, {"run": "pc-1"}]
    (tmp_path / "ablation.json").write_text(json.dumps({"searches": runs}))
    found = compare([tmp_path])
    assert [run["run"] for run in found["runs"]] == [str(tmp_path / run["run"]) for run in runs]


@pytest.mark.slow
def test_two_real_searches(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"epochs": 1, "settings": SETTINGS, "archs": 1, "seeds": 1}
    for method, seed in (("darts", 0), ("darts", 1)):
        gapless.search("darts", "digits", method, run=tmp_path / f"{method}{seed}", seed=seed, **settings)
    more = dict(settings["settings"], relax="edge-product")
    gapless.search(
        "darts", "digits", "darts", run=tmp_path / "edge", seed=0, retrain=False, audit=False,
        epochs=1, settings=more,
    )  # fmt: skip
    page = tmp_path / "page.html"
    found = gapless.compare([tmp_path / "darts0", tmp_path / "darts1", tmp_path / "edge"], out=page)
    assert [(v["variant"], v["seeds"]) for v in found["variants"]] == [
        ("darts", [0, 1]), ("darts, relax=edge-product", [0]),
    ]  # fmt: skip
    stored = [json.loads((tmp_path / f"darts{s}" / "findings.json").read_text()) for s in (0, 1)]
    row = found["variants"][0]["measures"]
    assert row["test"]["mean"] == pytest.approx(sum(one["accuracy"]["test"]["mean"] for one in stored) / 2)
    assert row["discretization"]["n"] == 2
    assert found["variants"][0]["collapse"]["collapsed"]["n"] == 2
    assert found["variants"][0]["data"] == found["variants"][1]["data"] == "digits, data.limit=60"
    assert "search time" in found["pairs"][0]["measures"]
    assert page.read_text().startswith("<!doctype html>")
