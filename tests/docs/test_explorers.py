"""The page of explorers says what was measured; what measures it runs."""

import json
from pathlib import Path

import numpy as np
import pytest
from benchmarks import explorers

ROOT = Path(__file__).parents[2]
tabled = pytest.mark.skipif(
    not (explorers.DATA / "nb201.csv.gz").exists(),
    reason="the table of NAS-Bench-201 is not beside this checkout",
)


def test_the_document_is_what_was_measured():
    if not explorers.STORED.exists():
        pytest.skip("explorers were not measured yet: python -m benchmarks.explorers")
    assert explorers.DOCUMENT.read_text() == explorers.text(json.loads(explorers.STORED.read_text()))


def test_hypervolume():
    worst = (0.0, 10.0)
    assert explorers.hypervolume([(1.0, 5.0)], worst) == 5
    assert explorers.hypervolume([(1.0, 5.0), (2.0, 8.0), (0.5, 6.0), (1.0, 9.0)], worst) == 5 + 2
    assert explorers.hypervolume([(0.0, 1.0)], worst) == 0


@tabled
def test_a_search_and_a_front_are_measured():
    run = explorers.search("genetic", 0, explorers.DATA)
    assert run["found"].keys() == {"100", "200"}
    assert 90 < run["found"]["200"] < 94.3734
    assert explorers.search("genetic", 0, explorers.DATA)["found"] == run["found"]
    assert 0.5 < explorers.trade_off("nsga2", 0, explorers.DATA)["share"] <= 1


@tabled
def test_the_optimum_of_the_table():
    rows = explorers.table(explorers.DATA).rows
    assert len(rows) == 15625
    assert max(row["report"] for row in rows.values()) == pytest.approx(0.943733)
    whole = [(row["accuracy"], row["latency"]) for row in explorers.measured(explorers.DATA).rows.values()]
    assert len(whole) == 15625


@tabled
def test_what_random_search_must_find_is_what_draws_of_the_table_find():
    found = explorers.exact(explorers.DATA)
    rows = list(explorers.table(explorers.DATA).rows.values())
    seen, report = (np.array([row[name] for row in rows]) for name in ("accuracy", "report"))
    rng = np.random.default_rng(0)
    for n, one in found.items():
        drawn = (rng.choice(len(rows), int(n), replace=False) for _ in range(3000))
        best = [100 * report[draw[np.argmax(seen[draw])]] for draw in drawn]
        assert abs(np.mean(best) - one["mean"]) < 4 * one["deviation"] / 3000**0.5
        assert np.std(best) == pytest.approx(one["deviation"], rel=0.15)


def test_the_page_is_written_from_few_runs():
    runs = {str(seed): {"found": {str(n): 93.0 + seed / 10 for n in (50, 100, 200, 500)}, "seconds": 0.1}
            for seed in range(3)}  # fmt: skip
    better = {
        seed: {**run, "found": {n: v + 1 for n, v in run["found"].items()}} for seed, run in runs.items()
    }
    search = {"random": better, "aging-evolution": runs}
    must = {str(n): {"mean": 93.731, "deviation": 0.361} for n in explorers.BUDGETS["random"]}
    stored = {"search": search, "exact": {"random": must}, "front": {"nsga2": {"0": {"share": 0.9}}}}
    page = explorers.text(stored)
    assert "| 100 | 94.100 +- 0.248 | 93.731 | +1.77 |" in page
    assert "`random` against `aging-evolution` after 100 evaluations" in page
    assert "| `nsga2` | 1 | 90.00 |" in page
