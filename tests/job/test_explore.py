"""Explorations from Python: what is found, joined, resumed, killed."""

import json
import math
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

import gapless
from gapless.core import Streams
from gapless.core.errors import BadRunFolder, BadValue, Incompatible, Interrupted, UnknownName
from gapless.core.record import Record
from gapless.evaluate.zerocost.evaluator import standing
from gapless.explore.genetic import Genetic
from gapless.job import explore as module
from gapless.job.exploration import Exploration, resolved
from gapless.job.request import Request
from gapless.study.loop import explored
from gapless.testing.explorers import toy

SPACE = gapless.spaces.get("nb201")
SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "nb201.csv.gz"


@dataclass(frozen=True)
class Toy:
    """Scores by a formula; stops the work, or the process, where it is told to."""

    together: int = 1
    calls: tuple = ()
    stop: int = 10**9

    def __call__(self, archs):
        records = [toy(SPACE.choices, arch) for arch in archs]
        if self.calls:
            self.calls[0].extend(archs)
            if len(self.calls[0]) >= self.stop:
                signal.raise_signal(signal.SIGINT)
        return [replace(r, metrics={**r.metrics, "report": r.metrics["accuracy"] / 2}) for r in records]


def records(trials, together=1, explorer=None):
    return explored(explorer or Genetic(8, 3, 3, 3), SPACE.choices, Toy(), trials, Streams(0), together)


def test_what_is_found(tmp_path):
    found = gapless.explore("nb201", Genetic(8, 3, 3, 3), Toy(3), run=tmp_path / "a", trials=30)
    assert found.records == records(30, 3)
    top = max(found.records, key=lambda r: (r.metrics["accuracy"], -r.cost["macs"]))
    assert found.arch == top.arch
    assert found.score == top.metrics["accuracy"]
    stored = json.loads((tmp_path / "a" / "findings.json").read_text())
    assert stored["finished"]
    assert stored["trials"] == 30
    assert stored["architecture"]["text"] == SPACE.text(top.arch)
    assert stored["best"]["report"] == found.score / 2
    assert stored["curve"][-1][1] == found.score
    assert [row["number"] for row in stored["candidates"]] == list(range(1, 31))
    assert sum(row["chosen"] for row in stored["candidates"]) == 1
    assert "The best so far" in (tmp_path / "a" / "report.html").read_text()


@dataclass(frozen=True)
class Dead:
    """A score that only the third network has, as zero-cost scores where nothing flows through the others."""

    together: int = 1
    measure: str = "naswot"

    def __call__(self, archs):
        numbers = [5.0 if SPACE.choices.index(arch) == 2 else -math.inf for arch in archs]
        return [
            Record(arch, {"accuracy": standing(number), "naswot": number}, {"macs": 1.0})
            for arch, number in zip(archs, numbers, strict=True)
        ]


@pytest.mark.parametrize(("trials", "best", "words"), [(2, None, "naswot not finite"), (4, 5.0, "naswot 5")])
def test_a_score_that_is_not_finite_is_null_in_findings(trials, best, words, tmp_path):
    found = gapless.explore("nb201", "enumeration", Dead(), run=tmp_path / "a", trials=trials)
    text = (tmp_path / "a" / "findings.json").read_text()
    stored = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert stored["best"]["naswot"] == best
    assert [row["naswot"] for row in stored["candidates"]] == [None, None, 5.0, None][:trials]
    assert module.spoken(stored["best"], "naswot") == words
    assert [math.isfinite(record.metrics["naswot"]) for record in found.records].count(True) == (best == 5)


def test_the_same_call_goes_on_and_another_is_refused(tmp_path):
    run = tmp_path / "a"
    gapless.explore("nb201", Genetic(8, 3, 3, 3), Toy(), run=run, trials=10)
    found = gapless.explore("nb201", Genetic(8, 3, 3, 3), Toy(), run=run, trials=20)
    assert found.records == records(20)
    assert gapless.explore("nb201", Genetic(8, 3, 3, 3), Toy(), run=run, trials=5).records == records(20)
    again = gapless.resume(run, explorer=Genetic(8, 3, 3, 3), evaluator=Toy())
    assert again.records == records(20), "the largest number of trials holds"
    for changes in ({"seed": 1}, {"explorer": Genetic()}, {"explorer": "random"}, {"limits": {"macs": "1M"}}):
        asked = {"explorer": Genetic(8, 3, 3, 3), "evaluator": Toy(), "run": run, **changes}
        with pytest.raises(BadRunFolder, match="another"):
            gapless.explore("nb201", **asked)
    with pytest.raises(BadRunFolder, match="explorer that this run was given as a Python object"):
        gapless.resume(run)


@pytest.mark.parametrize("together", [1, 4])
def test_stopped_by_ctrl_c_and_resumed(together, tmp_path):
    run, calls = tmp_path / "a", ([],)
    explorer = Genetic(8, 3, 3, 3)
    said = r"stopped after \d+ trials; continue with: gapless resume .*; best so far"
    with pytest.raises(Interrupted, match=said):
        gapless.explore("nb201", explorer, Toy(together, calls, 9), run=run, trials=30)
    known = json.loads((run / "findings.json").read_text())
    assert not known["finished"]
    assert 9 <= known["trials"] < 30
    assert (run / "architecture.json").exists()
    found = gapless.resume(run, explorer=explorer, evaluator=Toy(together))
    assert found.records == records(30, together, explorer)


def test_objects_and_several_workers_do_not_go_together(tmp_path):
    with pytest.raises(BadValue, match="1 worker"):
        gapless.explore("nb201", "random", Toy(), run=tmp_path / "a", workers=2)
    assert not (tmp_path / "a").exists()


def test_limits_of_a_measured_cost(tmp_path):
    found = gapless.explore(
        "nb201", "random", Toy(), run=tmp_path / "a", trials=6, limits={"params": "60k"},
        settings={"deploy.channels": 8},
    )  # fmt: skip
    from gapless.spaces.contract import subnet

    shape = replace(SPACE.presets["quick"].deploy, channels=8)
    for record in found.records:
        net = subnet(SPACE, record.arch, shape, found.terrain.data.shape)
        assert sum(p.numel() for p in net.parameters()) <= 60_000


def test_a_space_that_is_used_up_is_finished(tmp_path):
    small = replace(gapless.spaces.get("chain"), widths=(4,), strides=(1,), head=8)
    score = lambda archs: [Record(arch, {"accuracy": 0.5}) for arch in archs]  # noqa: E731
    score.together = 3
    found = gapless.explore(small, "random", score, run=tmp_path / "a", trials=100)
    assert len(found.records) == small.size() == found.findings["trials"]
    assert found.findings["finished"]


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"explorer": "genetics"}, UnknownName, "did you mean 'genetic'"),
        ({"explorer": "optuna:tpee"}, UnknownName, "did you mean 'tpe'"),
        ({"evaluator": "alone"}, UnknownName, "did you mean 'standalone'"),
        ({"space": "nb2001"}, UnknownName, "did you mean 'nb201'"),
        ({"preset": "slow"}, UnknownName, "preset"),
        ({"trials": 0}, BadValue, "--trials of at least 1"),
        ({"limits": ("parms=1",)}, UnknownName, "did you mean 'params'"),
        ({"sets": (("explorer.populaton", "3"),)}, UnknownName, "did you mean 'population'"),
        ({"sets": (("weights.lr", "3"),)}, UnknownName, "part in --set"),
        ({"sets": (("explorer.population", "-3"),)}, BadValue, "population"),
    ],
)
def test_bad_requests(changes, error, said):
    request = {"space": "nb201", "explorer": "genetic", "evaluator": "standalone", **changes}
    with pytest.raises(error, match=said):
        _ = resolved(Exploration(**request)).evaluator


def test_a_request_is_read_back():
    request = Exploration(
        "nb201", "genetic", "standalone", 7, 3, "digits", "quick", 2, ("params=1M",),
        (("training.batch", "16"),),
    )  # fmt: skip
    assert Exploration.from_json(json.loads(json.dumps(request.to_json()))) == request
    assert "--max params=1M --set training.batch=16" in request.command("runs/a")
    for damaged in (None, {}, {**request.to_json(), "more": 1}):
        with pytest.raises(BadRunFolder):
            Exploration.from_json(damaged)


def test_a_search_within_limits_scores_nothing_beyond(tmp_path):
    from gapless.job.job import begin, carried_out
    from gapless.job.plan import plan
    from gapless.spaces.contract import subnet

    request = Request(
        "chain", "digits", "spos", epochs=1, retrain=False, audit=False, limits=("params=20k",),
        sets=(("data.limit", "60"), ("select.evaluations", "6"), ("search.channels", "4"),
              ("deploy.channels", "4"), ("batch", "16")),
    )  # fmt: skip
    planned = plan(request)
    found = carried_out(planned, begin(planned, tmp_path / "a"))
    assert "--max params=20k" in found.findings["command"]
    assert len(found.findings["candidates"]) == 6
    from gapless.job.interrupt import Stopper
    from gapless.job.show import Quiet
    from gapless.job.work import Work

    run = Work(planned, found.folder, Quiet(), Stopper()).run()
    for record in run.history:
        net = subnet(planned.space, record.arch, planned.preset.deploy, planned.data.shape)
        assert sum(p.numel() for p in net.parameters()) <= 20_000
    with pytest.raises(Incompatible, match="spos"):
        plan(replace(request, method="darts", space="darts", sets=()))


# -- processes ------------------------------------------------------------------------------------

WORDS = ["explore", "--space", "chain", "--explorer", "random", "--evaluator", "standalone", "--epochs", "1",
         "--set", "data.limit=60", "--set", "deploy.channels=4", "--set", "training.batch=16"]  # fmt: skip


def program(run, trials):
    words = [sys.executable, "-m", "gapless", *WORDS, "--run", str(run), "--trials", str(trials)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_two_programs_on_one_folder_one_of_which_is_killed(tmp_path):
    run, most = tmp_path / "a", 16
    first, second = program(run, most), program(run, most)
    journal = run / "trials.log"
    while not journal.exists() or journal.read_text().count('"provenance"') < 4:
        time.sleep(0.01)
        assert first.poll() is None or second.poll() is None
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()
    out, err = second.communicate(timeout=200)
    assert (second.returncode, err) == (0, "")
    assert "trials        16" in out
    terrain, folder = module.reopened(run)
    found = module.trials(terrain, folder).scored()
    assert len(found) == len({record.arch for record in found}) == most
    assert json.loads((run / "findings.json").read_text())["finished"]


@pytest.mark.slow
def test_workers_of_one_call(tmp_path):
    """Of so many trials that the second process is there in time on a busy machine as well."""
    done = program_done(tmp_path / "a", "--workers", "2", "--trials", "48")
    assert done["trials"] == 48
    journal = (tmp_path / "a" / "trials.log").read_text()
    assert len(set(re.findall(r'"worker":"([^"]+)"', journal))) == 2


def program_done(run, *more):
    words = [sys.executable, "-m", "gapless", *WORDS, "--run", str(run), "--trials", "8", "--json", *more]
    done = subprocess.run(words, capture_output=True, text=True, timeout=200, check=True)
    return json.loads(done.stdout)


@pytest.mark.skipif(not SHARED.exists(), reason="the table of NAS-Bench-201 is not beside this checkout")
def test_the_table_of_nas_bench_201(tmp_path):
    table = f"table:{SHARED},accuracy=c10_val_12,report=c10_test_200"
    found = gapless.explore("nb201", "genetic", table, run=tmp_path / "a", trials=300)
    assert found.findings["best"]["report"] > 0.935
    assert len(found.records) == 300
