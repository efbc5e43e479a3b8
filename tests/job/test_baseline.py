"""Trainings of the baseline are its own, also where it draws the very architecture that was found."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import gapless
from gapless.job.findings import findings, trainings
from gapless.job.found import Found
from gapless.job.job import reopened, trained
from gapless.spaces.chain import Chain

SPACE = Chain(("k3e1",), widths=(1, 2), strides=(1, 2), head=2)
SETTINGS = {
    "data.limit": 60, "batch": 16, "training.epochs": 1, "training.batch": 32, "search.channels": 2,
    "deploy.channels": 2, "select.evaluations": 1, "select.evaluator.batches": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    run = tmp_path_factory.mktemp("one") / "run"
    return gapless.search(
        SPACE, method="spos", run=run, epochs=1, settings=SETTINGS, archs=3, seeds=2, audit=True
    )


def test_the_baseline_is_not_counted_among_the_trainings_of_what_was_found(found: Found) -> None:
    assert SPACE.size() == 1
    findings = found.findings
    measured = json.loads((found.path / "measured.json").read_text())
    key = found.arch.key
    assert len(findings["accuracy"]["test"]["values"]) == 2
    assert [record["seed"] for record in trainings(measured, "deploy", found.arch)] == [0, 1]
    assert measured["baseline"] == [f"baseline-{key}-{i}" for i in range(3)]
    assert findings["baseline"]["n"] == 3
    assert {row["key"] for row in findings["baseline"]["archs"]} == {key}
    assert sorted(path.stem for path in (found.path / "networks").iterdir()) == [
        *(f"baseline-{key}-{i}" for i in range(3)), f"deploy-{key}-0", f"deploy-{key}-1", f"search-{key}-0",
    ]  # fmt: skip


def test_no_two_trainings_are_one(found: Found) -> None:
    networks = [path.read_bytes() for path in (found.path / "networks").iterdir()]
    assert len(set(networks)) == len(networks)


def test_costs_are_told_apart(found: Found) -> None:
    measured, cost = json.loads((found.path / "measured.json").read_text()), found.findings["cost"]
    for role, name in (("deploy", "retrain_seconds"), ("baseline", "baseline_seconds")):
        spent = [r["seconds"] for r in trainings(measured, role, found.arch)]
        assert cost[name] == pytest.approx(sum(spent))


def test_one_more_training_takes_the_next_seed(found: Found, tmp_path: Path) -> None:
    plan, folder = reopened(found.path, space=SPACE)
    assert trained(plan, folder, "deploy")["seed"] == 2
    assert found.findings["baseline"]["n"] == 3


@pytest.mark.parametrize(
    ("threads", "k"), [((2, 1), 5), ((2, 2), 3), ((1, 2), 2), ((None, 1), 3), ((2, None), 3)]
)
def test_equal_cost_counts_threads(found: Found, threads: tuple[int | None, int | None], k: int) -> None:
    """A search of 10 s against trainings of 5 s each, what was found included; folders of before know no
    threads."""
    measured = json.loads((found.path / "measured.json").read_text())
    assert all(measured[name]["threads"] >= 1 for name in ("arch", *measured["baseline"]))
    costs = {"arch": (10.0, threads[0]), **dict.fromkeys(measured["baseline"], (5.0, threads[1]))}
    for name, (seconds, number) in costs.items():
        kept = {key: value for key, value in measured[name].items() if key != "threads"}
        measured[name] = kept | {"seconds": seconds} | ({} if number is None else {"threads": number})
    judged = findings(found.plan, measured, found.folder.read_json("run.json"))
    assert judged["verdict"]["k"] == k
    assert judged["cost"]["search_seconds"] == 10.0


@pytest.mark.parametrize("listed", [True, False], ids=["as stored", "a list that was cut short before"])
def test_who_asks_for_fewer_keeps_what_was_trained(found: Found, tmp_path: Path, listed: bool) -> None:
    run = Path(shutil.copytree(found.path, tmp_path / "run"))
    measured = json.loads((run / "measured.json").read_text())
    if not listed:
        (run / "measured.json").write_text(json.dumps(measured | {"baseline": measured["baseline"][:1]}))
    copy = Found(*reopened(run, space=SPACE))
    copy.audit(archs=1, seeds=2, sample=0)
    assert copy.findings["baseline"]["n"] == 3
    copy.audit(archs=0, seeds=2, sample=0)
    assert copy.findings["baseline"]["n"] == 3
    after = json.loads((run / "measured.json").read_text())
    assert after["baseline"] == measured["baseline"]
    assert set(after) == set(measured)
