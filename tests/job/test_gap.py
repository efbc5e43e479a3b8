"""The terms of the gap of a tiny search: measured in stored steps, judged, within a budget."""

from __future__ import annotations

import pytest
from tests.job.tiny import SETTINGS

import gapless
from gapless.core import Arch, moves
from gapless.core.errors import BadValue
from gapless.job.findings import trainings
from gapless.job.gap import PLACE, Extent, Gap, _spread
from gapless.job.interrupt import Stopper
from gapless.job.show import Quiet
from gapless.job.work import Work

TERMS = {"mathematical", "suboptima", "free", "line", "ranking", "noise", "landscape", "neighbours"}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    run = tmp_path_factory.mktemp("gap") / "run"
    return gapless.search(
        space="darts", data="digits", method="darts", run=run, epochs=1, settings=SETTINGS, archs=2, seeds=1
    )


@pytest.fixture(scope="module")
def audited(found):
    return found.audit(sample=3)


def test_every_term_is_judged(audited):
    audit = audited["audit"]
    assert set(audit) == TERMS
    assert audit["ranking"]["n"] == 3
    assert {"key", "macs", "params", "alone", "recalibrated", "kept"} == set(audit["ranking"]["points"][0])
    assert audit["noise"]["trainings"] == 6
    assert audited["verdict"]["sentence"].startswith("the search is")
    assert {row["practice"]: row["met"] for row in audited["checklist"]}[
        "Ranking of shared weights checked against a truth"
    ]


def test_the_line_goes_from_the_mixture_to_the_architecture(audited):
    chain = {rung["name"]: rung["accuracy"] for rung in audited["chain"]}
    points = audited["audit"]["line"]["points"]
    assert points[0]["accuracy"] == pytest.approx(chain["a0"], abs=1e-6)
    assert points[-1]["accuracy"] == pytest.approx(chain["a1"], abs=1e-6)


def test_training_on_starts_where_the_search_ended(audited):
    chain = {rung["name"]: rung["accuracy"] for rung in audited["chain"]}
    assert audited["audit"]["suboptima"]["before"]["accuracy"] == pytest.approx(chain["a0"], abs=1e-6)


def test_first_order_is_the_searchs_own_rule(audited):
    rows = {row["rule"]: row for row in audited["audit"]["mathematical"]["rules"]}
    assert rows["own"]["search"] == pytest.approx(rows["first order"]["search"], abs=1e-9)


def test_operations_are_sorted_by_whether_they_have_parameters(audited):
    """A skip that halves the image has some; ``none`` is chosen by no architecture."""
    options = audited["audit"]["free"]["options"]
    assert set(options) == {"reduce"}, "one cell: the other kind is not in this super-network"
    assert options["reduce"]["2<-0"]["free"] == ["max_pool_3x3", "avg_pool_3x3"]
    assert options["reduce"]["3<-2"]["free"] == ["max_pool_3x3", "avg_pool_3x3", "skip_connect"]
    for sides in options["reduce"].values():
        assert len(sides["free"]) + len(sides["other"]) == 7
        assert "none" not in sides["free"] + sides["other"]


def test_the_steps_of_the_chain_add_up(audited):
    chain = [rung["accuracy"] for rung in audited["chain"]]
    assert len(chain) == 5
    assert sum(step["size"] for step in audited["gap"]) == pytest.approx(chain[-1] - chain[0], abs=1e-9)


def test_the_parts_of_the_deployment_gap_add_up_to_it(found, audited):
    """Both shapes of the tiny search have one width and depth; in the search BatchNorm has no scale."""
    chain = {rung["name"]: rung["accuracy"] for rung in audited["chain"]}
    parts = audited["deployment"]["parts"]
    assert [part["changed"] for part in parts] == [["recipe", "images"], ["BatchNorm"]]
    assert sum(part["size"] for part in parts) == pytest.approx(chain["a4"] - chain["a3"], abs=1e-9)
    assert parts[-1]["accuracy"] == chain["a4"]
    (record,) = trainings(found.folder.read_json("measured.json"), "between-recipe", found.arch)
    assert record["audit"]["accuracy"] == parts[0]["accuracy"]
    assert audited["deployment"]["images"]["search"] < audited["deployment"]["images"]["deploy"]
    section = (
        (found.path / "report.html").read_text().partition('id="term-between"')[2].partition("</div>")[0]
    )
    assert "different sets of images" in section


def test_neighbours_of_what_was_found_are_scored(found, audited):
    """The space of the tiny search has more neighbours than are scored of each."""
    around = audited["audit"]["neighbours"]["around"]
    assert [one["found"] for one in around] == [True, False, False]
    assert around[0]["key"] == found.arch.key
    assert all(len(one["neighbours"]) == Extent().neighbours and not one["all"] for one in around)
    assert around[1]["accuracy"] == max(found.folder.read_json("measured.json")[PLACE + "walks"]["scores"])
    optima = [one["accuracy"] >= max(one["neighbours"]) for one in around]
    landscape = audited["audit"]["landscape"]
    assert (landscape["local optima"], landscape["neighbourhoods"]) == (pytest.approx(sum(optima) / 3), 3)


def test_what_is_measured_is_not_measured_again(found, audited):
    before = found.folder.read_json("measured.json")
    assert found.audit(sample=3) == audited
    after = found.folder.read_json("measured.json")
    assert {**after, "peak_mb": 0} == {**before, "peak_mb": 0}


def test_a_budget_begins_nothing_more(found, audited, capsys):
    measured = found.folder.read_json("measured.json")
    kept = {name: value for name, value in measured.items() if not name.startswith((PLACE, "rank-"))}
    found.folder.write_json("measured.json", kept)
    try:
        again = found.audit(sample=3, budget=0.0)
        assert again.get("audit", {}) == {}
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("the budget ended before: the line from mixture to architecture, the share of")
        assert line.endswith("the same audit once more goes on with them")
    finally:
        found.folder.write_json("measured.json", measured)


def test_any_beginning_covers_the_range():
    archs = [Arch.of({"a": str(i)}) for i in range(9)]
    order = [int(arch.option("a")) for arch in _spread(archs)]
    assert sorted(order) == list(range(9))
    assert order[:3] == [0, 8, 4]


def test_sub_networks_are_trained_in_the_deployment_shape_where_asked(found, audited):
    again = found.audit(sample=3, deployed=2)
    assert again["audit"]["deployment"]["n"] == 2
    page = (found.path / "report.html").read_text()
    assert '<figure id="fig-crossing">' in page
    assert "gapless audit" not in page.partition('id="missing"')[2].partition("</section>")[0]


# -- a method that judges, and a truth out of a table ------------------------------------------------------


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("judged")
    settings = {
        "data.limit": 120, "batch": 16, "training.epochs": 1, "search.channels": 4, "deploy.channels": 4,
        "select.evaluations": 5, "select.explorer.initial": 3, "select.early.steps": 5,
        "select.evaluator.batches": 1,
    }  # fmt: skip
    run = gapless.search(
        space="nb201", data="digits", method="gapless", run=folder / "run", epochs=2, settings=settings,
        archs=0, seeds=1,
    )  # fmt: skip
    space, table = gapless.spaces.get("nb201"), folder / "truth.csv"
    rows = (f"{space.text(space.choices.at(i))},{i / 200}" for i in range(space.size()))
    table.write_text("\n".join(("arch,test", *rows)))
    return run, f"table:{table},accuracy=test"


@pytest.fixture(scope="module")
def held(judged):
    """The audit, and what was stored of it."""
    found, truth = judged
    return found.audit(sample=6, truth=truth)["audit"], found.folder.read_json("measured.json")


def test_ranks_are_held_against_a_table(judged, held):
    (audit, measured), (found, _) = held, judged
    space, points = found.plan.space, audit["ranking"]["points"]
    assert audit["ranking"]["truth"] == "truth.csv"
    assert "noise" not in audit, "nothing was trained for the ranking"
    sampled = measured[PLACE + "sample"]["archs"]
    places = {one["key"]: space.choices.index(Arch.from_json(one["arch"])) for one in sampled}
    for point in points:
        assert point["alone"] == pytest.approx(places[point["key"]] / 200 / 100)
    assert "against their accuracies in truth.csv" in (found.path / "report.html").read_text()


def test_the_method_judges_the_sample_among_all_that_it_scored(held):
    audit, measured = held
    scores = measured[PLACE + "judged"]["scores"]
    standings = [one["accuracy"] for one in scores]
    assert len(set(standings)) > 1
    assert all(0 < standing < 1 for standing in standings)
    assert set(scores[0]["metrics"]) >= {"accuracy", "speed", "synflow"}
    assert {point["judged"] for point in audit["ranking"]["points"]} == set(standings)
    assert audit["ranking"]["judged"]["n"] == 6


def test_paths_that_were_trained_are_counted(judged, held):
    counted, data = held[0]["counts"]["options"], judged[0].plan.search_data
    paths = 2 * data.steps("train", 16)
    assert sum(one["mean"] for one in counted.values()) == pytest.approx(paths)
    assert counted["nor_conv_3x3"]["mean"] > counted["skip_connect"]["mean"]


@pytest.mark.parametrize(
    ("wrong", "words"), [("standalone", "table:FILE"), ("table:nowhere.csv", "a table of architectures")]
)
def test_a_truth_that_is_none_is_refused(judged, wrong, words):
    with pytest.raises(BadValue, match=words):
        judged[0].audit(sample=6, truth=wrong)


# -- a search that ends on one architecture ----------------------------------------------------------------


@pytest.fixture(scope="module")
def decided(tmp_path_factory):
    run = tmp_path_factory.mktemp("decided") / "run"
    return gapless.search(
        space="darts", data="digits", method="sgas-1", run=run, epochs=8, settings=SETTINGS, archs=0, seeds=1
    )


@pytest.fixture(scope="module")
def alone(decided):
    return decided.audit(sample=3, deployed=2)


def test_with_nothing_left_to_rank_noise_is_measured_and_the_reason_told(decided, alone):
    audit = alone["audit"]
    assert (audit["noise"]["archs"], audit["noise"]["trainings"]) == (3, 6)
    assert audit["deployment"]["n"] == 2
    assert audit["ranking"] == {
        "missing": "the search has left one architecture, so there is nothing to rank"
    }
    assert "nowhere to walk" in audit["landscape"]["missing"]
    assert "no neighbours" in audit["neighbours"]["missing"]
    page = (decided.path / "report.html").read_text()
    for name in ("ranking", "landscape", "neighbours"):
        section = page.partition(f'id="term-{name}"')[2].partition("</section>")[0]
        assert "the search has left one architecture" in section
        assert "To measure it" not in section


def test_a_folder_that_sampled_what_was_left_is_measured_again(decided, alone):
    measured = decided.folder.read_json("measured.json")
    only = {"arch": decided.arch.to_json(), "key": decided.arch.key, "macs": 1, "params": 1}
    walk = {"walks": [[0.5, 0.5]], "edits": [["nothing to nothing"]], "codes": [[1]], "scores": [0.5]}
    old = {"sample": {"archs": [only]}, "recalibrated": {"scores": []}, "kept": {"scores": []}, "walks": walk}
    decided.folder.write_json(
        "measured.json", measured | {PLACE + name: value for name, value in old.items()}
    )
    again = decided.audit(sample=3, deployed=2)
    assert {**again["audit"], "mathematical": 0} == {**alone["audit"], "mathematical": 0}


def test_what_a_mask_has_left_is_ranked_and_the_rest_of_the_sample_is_of_the_whole_space(decided):
    """Two architectures are left: both are in the sample, and only they are ranked."""
    work = Work(decided.plan, decided.folder, Quiet(), Stopper())
    run = work.run()
    path, option = next(place for place in moves.decisions(run.choices, decided.arch) if place[0][-1] == "op")
    names = [name for name in run.space.choices.choice(path).options if name not in ("none", option)]
    keep = {*moves.decisions(run.choices, decided.arch), (path, names[0])}
    run.choices = run.space.choices.restrict(lambda *place: place in keep)
    assert run.choices.size() == 2
    gap = Gap(work, decided.arch, Extent(archs=5))
    work.measured[PLACE + "sample"] = gap._sample()
    assert (len(gap.sample), len(set(gap.sample))) == (5, 5)
    assert set(gap.scorable) == set(run.choices)
    macs = [one["macs"] for one in work.measured[PLACE + "sample"]["archs"]]
    assert macs == sorted(macs)
