"""What the tables of the evidence are made of."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import torch
from benchmarks import elsewhere, evidence, orders, random_search, remedies
from torch.nn import functional

import gapless
import gapless.data
import gapless.methods
import gapless.spaces
from gapless.engine.check import conflicts
from gapless.nets.gate import path
from gapless.parts.sample.price import extreme
from gapless.spaces.contract import Shape
from gapless.testing.methods import advance, digits, shortened, started

NB201 = gapless.spaces.get("nb201"), Shape(2, 1, affine=False)


@pytest.mark.parametrize("name", remedies.VARIANTS)
def test_every_variant_runs(name):
    recipe = shortened(remedies.VARIANTS[name].recipe())
    assert conflicts(recipe, NB201[0]) == []
    run = started(recipe, NB201)
    run.step()
    assert np.isfinite(run.sums["train_loss"].item())


def test_distillation_against_the_losses_written_out():
    """The dearest sub-network learns from labels; the other half from them, half from what that one says."""
    variant = remedies.VARIANTS["capacity-distilled"]
    run = started(shortened(variant.recipe()), NB201, double=True)
    (x, y), _ = run.batches()
    dearest = path(run.choices.active(extreme(run.choices, run.costs("macs"), dearest=True)))
    first, mix = run.paths()
    assert all(np.array_equal(first[name].active, dearest[name].active) for name in dearest)
    told, logits = run.net(x, dearest), run.net(x, mix)
    log, target = logits.log_softmax(1), told.detach().softmax(1)
    divergence = (target * (target.log() - log)).sum(1).mean()
    whole = functional.cross_entropy(told, y) + 0.5 * functional.cross_entropy(logits, y) + 0.5 * divergence
    slopes = torch.autograd.grad(whole, list(run.net.parameters()), allow_unused=True)
    variant.update.step(run, (x, y), (x, y))
    for parameter, slope in zip(run.net.parameters(), slopes, strict=True):
        if slope is None:
            assert parameter.grad is None
        else:
            clipped = min(1.0, 5.0 / float(torch.stack([s.norm() for s in slopes if s is not None]).norm()))
            assert (parameter.grad - slope * clipped).abs().max() < 1e-6


def test_variants_are_held_against_sampling_by_capacity_seed_by_seed():
    def run(tau, **more):
        taus = {
            "accuracy": [tau, 0.1],
            "loss": [tau + 0.1, 0.2],
            **{name: [x, 0.0] for name, x in more.items()},
        }
        return {"trained": 90.0, "taus": taus}

    stored = {
        "capacity": {"0": run(0.5, kept=0.1, averaged=0.5), "1": run(0.6, kept=0.1, averaged=0.7)},
        "uniform": {"0": run(0.3), "1": run(0.3)}, "fair": {"2": run(0.9)},
    }  # fmt: skip
    text = evidence.text({"variants": stored})
    assert "| by capacity | 0.55 ± 0.07 | 0.10 ± 0.00 |  | 1.5 | 2 |" in text
    assert "| the same, ordered by loss | 0.65 ± 0.07 | 0.20 ± 0.00 | 0.10 +- 0.00 |  | 2 |" in text
    assert "| the same, statistics kept | 0.10 ± 0.00 | 0.00 ± 0.00 | -0.45 +- 0.64 |  | 2 |" in text
    assert "| uniform sampling (SPOS) | 0.30 ± 0.00 | 0.10 ± 0.00 | -0.25 +- 0.64 | 1.5 | 2 |" in text
    assert "| 0.90 | 0.10 |  | 1.5 | 1 |" in text
    assert "- Better than sampling by capacity: by capacity, ordered by loss." in text
    assert "- Worse: none." in text
    assert "- Not told from it: uniform sampling (SPOS); by capacity, statistics kept; by capacity, w" in text


def test_a_variant_is_trained_and_read(monkeypatch):
    """One epoch in 8 pixels."""
    one = replace(remedies.VARIANTS["naive"], epochs=1, shape=Shape(4, 1))
    monkeypatch.setitem(remedies.VARIANTS, "naive", one)
    monkeypatch.setattr(
        remedies, "samples", lambda accuracy: (list(range(0, 12000, 999)), list(range(9, 40, 3)))
    )
    found = remedies.variant("naive", digits(), np.linspace(0, 94, NB201[0].size()), 0)
    assert set(found["taus"]) == set(remedies.READINGS)
    assert all(-1 <= tau <= 1 for pair in found["taus"].values() for tau in pair)
    assert found["trained"] > 0
    assert "as in papers, but 8 epochs only" in evidence.text({"variants": {"naive": {"0": found}}})


def test_samples_are_of_the_whole_space_and_of_its_best_tenth():
    accuracy = np.linspace(0, 94, NB201[0].size())
    uniform, best = remedies.samples(accuracy)
    assert (len(set(uniform)), len(set(best))) == (remedies.ARCHS, remedies.TOPS)
    assert min(accuracy[best]) >= np.quantile(accuracy, 0.9)
    assert remedies.samples(accuracy) == (uniform, best)


@pytest.mark.parametrize("n", [1, 2, 4, 7])
def test_random_search_by_the_table_is_told_exactly(n):
    """Against all draws, one by one."""
    rng = np.random.default_rng(n)
    seen, truths = rng.permutation(7).astype(float), rng.normal(size=7)
    draws = [truths[max(draw, key=lambda i: seen[i])] for draw in combinations(range(7), n)]
    mean, deviation = random_search.found(seen, truths, n)
    assert mean == pytest.approx(np.mean(draws))
    assert deviation == pytest.approx(np.std(draws), abs=1e-7)


def test_what_the_table_says_of_its_space():
    whole = np.linspace(50, 100, 1001)
    space = evidence.about(remedies.Truth(whole, whole))
    assert (space["best"], space["mean"], space["tenth"]) == (100, pytest.approx(75), pytest.approx(95))
    assert 99.6 < space["random search"][0] < 100
    assert "The best cell of the space has 100.00, a random one 75.00" in "\n".join(evidence.compared(space))


def test_rankings_without_an_order_are_told():
    assert elsewhere.number({"value": None, "low": None, "high": None}) == "none"


def test_a_ranking_by_the_truth_itself_is_perfect():
    rows = [
        {"index": i, "accuracy": i / 300, "loss": -1.0 * i, "synflow": i, "expressivity": i, "jacob-cov": i,
         "speed": i, "params": 1.0 * i, "macs": -i}
        for i in range(orders.RANDOM + 500)
    ]  # fmt: skip
    run = {"candidates": rows, "tops": {str(r["index"]): r for r in rows[-500:]}, "index": 7,
           "accuracy": 93.5, "minutes": 12.0, "seconds": {"expressivity": 0.25}}  # fmt: skip
    truths = {str(i): float(i) for i in range(len(rows))}
    text = evidence.text({"recipe": {"0": run}, "truths": truths, "short": truths})
    assert f"| **the recipe** | 1.00 | 1.00 | {orders.RANDOM - 1:.2f} |  |" in text
    assert f"| the recipe without shared weights | 1.00 | 1.00 | {orders.RANDOM - 1:.2f} |  |" in text
    assert "| MACs | -1.00 | -1.00 | 0.00 |  |" in text
    assert "| expressivity, untrained | 1.00 | 1.00 | 199.00 | 0.2 |" in text
    assert "mean 93.50, worst 93.50, over 1 seed." in text
    assert "alone rank with a tau of 1.00,\nthe recipe with 1.00, and the recipe without shared" in text
    assert "93.50 % to 93.50 % by the table,\n93.50 % in the mean of 1, after 12 to 12 minutes of one" in text
    two = evidence.text(
        {"recipe": {"0": run | {"threads": 2, "clock": 7.0}}, "truths": truths, "short": truths}
    )
    assert "in the mean of 1, after 7 minutes of two by the clock." in two
    assert "over them the recipe's tau has a 95 % interval of 1.00 to 1.00." in text
    assert "among the best 10% of the space" in text


def test_a_process_fitted_to_scores_sees_through_their_noise():
    """Truth is a sum over operations, and noise as large as the truth lies on the scores."""
    rng, space = np.random.default_rng(0), NB201[0]
    indices = rng.permutation(space.size())[: orders.RANDOM].tolist()
    codes = np.array([space.choices.encode(space.from_index(i)) for i in indices], float)
    true = codes @ rng.normal(size=codes.shape[1])
    rows = [
        {"index": i, "loss": -v} for i, v in zip(indices, true + rng.normal(0, true.std(), 200), strict=True)
    ]
    truths = dict(zip(map(str, indices), true, strict=True))
    plain, seen = (orders.ordered({"candidates": rows}, n, truths, {}).whole for n in ("loss", "loss-fitted"))
    assert plain < 0.6
    assert seen > plain + 0.1


def test_who_sees_a_skip_from_input_to_output():
    """One judge ranks all that have it above all that have it not, another knows nothing of it."""
    first = [{"index": i, "seen": i, "blind": i} for i in range(orders.RANDOM)]
    skips = [i for i in range(2000) if orders.skips(i)]
    others = [i for i in range(2000) if not orders.skips(i)]
    tops = {
        str(i): {"index": i, "seen": i in skips, "blind": place}
        for place, i in enumerate(x for pair in zip(skips[:9], others[:9], strict=True) for x in pair)
    }  # fmt: skip
    truths = {str(i): float(i in skips) for i in range(2000)}
    run = {"candidates": first, "tops": tops}
    seen, blind = (orders.ordered(run, name, truths, {}).skip for name in ("seen", "blind"))
    assert seen == pytest.approx(0.5)
    assert blind == pytest.approx(-1 / 18)


def test_what_a_metric_takes_is_measured_alone():
    recipe = shortened(gapless.methods.get("gapless", "quick"))
    run = started(recipe, NB201)
    advance(run)
    found = evidence.seconds(run, run.history[:2])
    assert set(found) == {"accuracy", *recipe.select.early.metrics}
    assert found["accuracy"] > 0


def test_sub_networks_are_judged_on_all_images_that_nobody_saw(tmp_path, monkeypatch):
    """A search of 200 digits keeps 25 for its audit; the truth is told by all that were left out."""
    settings = {
        "data.limit": 200, "batch": 16, "training.epochs": 1, "training.batch": 16, "search.channels": 4,
        "deploy.channels": 4, "select.evaluations": 2, "select.evaluator.batches": 1,
    }  # fmt: skip
    given = {"DATA": "digits", "SETTINGS": settings, "SAMPLE": 3, "LONGER": 2}
    for name, value in given.items():
        monkeypatch.setattr(elsewhere, name, value)
    first = elsewhere.searched
    monkeypatch.setattr(elsewhere, "searched", lambda *of: first(*of[:4], of[4] if len(of) > 4 else 1))
    run = elsewhere.elsewhere("chain", None, 0)
    whole = gapless.data.get("digits")
    assert run["images"] == whole.size(("audit", "test")) > 500
    assert (run["n"], len(run["truths"])) == (3, 3)
    assert sum(map(len, run["truths"].values())) == 6
    assert all(0 <= value <= 1 for values in run["truths"].values() for value in values)
    run["longer"] = elsewhere.longer("chain", None, 0, run)
    assert run["longer"]["recalibrated"]["n"] == 3
    text = evidence.text({"elsewhere": {"chain": {"0": run}}})
    assert f"judged on the {run['images']} images" in text
    assert "for the 3 that were trained twice." in text
    assert "In space `chain`" not in evidence.text({"elsewhere": {"chain": {"0": run}}}).split("##")[0]
    *_, short, long = text.splitlines()
    assert short.split(" | ")[4].split(" (")[0] == elsewhere.number(run["recalibrated"])
    assert long.startswith("| `chain` | 0 | 2 | the same | ")
