"""The recurrent policy and what controllers learn, against torch; the decisions of architectures."""

import math
from dataclasses import replace

import numpy as np
import pytest
from tests.oracles import recurrent as oracle

from gapless.core import Choice, Space
from gapless.core.errors import BadValue
from gapless.core.record import PENDING
from gapless.explore import controller
from gapless.explore.contract import anything, worth
from gapless.explore.controller import Learnt
from gapless.explore.policy import Policy
from gapless.explore.ppo import Ppo
from gapless.explore.reinforce import Reinforce
from gapless.explore.replay import root
from gapless.testing import explorers as battery

EXACT = 1e-10
INNER = Space((Choice("op", dict.fromkeys("abc")),))
FREE = Space(
    (Choice("node", {"0": INNER, "1": None, "2": INNER}, pick=(1, 2)), Choice("end", dict.fromkeys("pq")))
)
SPACES = [FREE, battery.NESTED, battery.SMALL]


def made(space, layers=2, hidden=4, seed=0):
    policy = Policy(space, hidden, layers)
    theta = policy.begin(np.random.default_rng(seed), width=1.0)
    parts = policy.net.parts(theta)
    parts["bias"] += np.random.default_rng(seed + 1).normal(size=parts["bias"].shape)
    return policy, theta


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("space", SPACES)
def test_how_likely_decisions_are_and_the_slopes(space, layers):
    policy, theta = made(space, layers)
    drawn = policy.draw(theta, 6, np.random.default_rng(2))
    paths = [path for _, path in drawn]
    judged = policy.judge(theta, paths)
    leaves = oracle.leaves(policy.net.parts(theta))
    expected = [oracle.judged(leaves, layers, path) for path in paths]
    assert max(abs(judged.log_chance[i] - a.item()) for i, (a, _) in enumerate(expected)) < EXACT
    assert max(abs(judged.entropy[i] - e.item()) for i, (_, e) in enumerate(expected)) < EXACT
    rng = np.random.default_rng(3)
    a, e = rng.normal(size=6), rng.normal(size=6)
    sum(x * a[i] + y * e[i] for i, (x, y) in enumerate(expected)).backward()
    wanted = np.concatenate([leaf.grad.numpy().ravel() for leaf in leaves.values()])
    found = policy.slope(theta, judged, a, e)
    assert np.abs(found - wanted).max() < EXACT
    assert np.abs(found).max() > 0.1


@pytest.mark.parametrize("space", SPACES)
def test_what_is_drawn_is_of_the_space_and_its_decisions_lead_to_it(space):
    policy, theta = made(space)
    rng = np.random.default_rng(0)
    drawn = policy.draw(theta, 40, rng)
    assert len({arch for arch, _ in drawn}) > 2
    for arch, path in drawn:
        assert arch in space
        again = policy.decisions(arch, rng)
        assert sorted(row for _, row in again) == sorted(row for _, row in path)
        assert all(row in allowed for allowed, row in again)


def test_architectures_are_drawn_as_often_as_their_decisions_are_likely():
    policy, theta = made(FREE)
    drawn = policy.draw(theta, 6000, np.random.default_rng(1))
    counts = {}
    for _, path in drawn:
        counts[path] = counts.get(path, 0) + 1
    chances = np.exp(policy.judge(theta, list(counts)).log_chance)
    off = (np.array(list(counts.values())) / 6000 - chances) / np.sqrt(chances / 6000)
    assert chances.sum() > 0.99
    assert np.abs(off).max() < 4.5


def test_it_begins_nearly_uniform():
    policy = Policy(battery.LONG, 35, 2)
    theta = policy.begin(np.random.default_rng(0))
    archs = [battery.LONG.sample(np.random.default_rng(i)) for i in range(5)]
    paths = [policy.decisions(arch, np.random.default_rng(0)) for arch in archs]
    assert np.abs(policy.judge(theta, paths).log_chance / (20 * np.log(1 / 4)) - 1).max() < 0.01


def batches(policy, theta, n=4):
    rng = np.random.default_rng(5)
    return [
        ([path for _, path in policy.draw(theta, 5, rng)], rng.uniform(0.1, 0.9, 5).tolist())
        for _ in range(n)
    ]


def learnt(learner, policy, theta, told):
    state = Learnt(theta, 0 * theta, 0 * theta)
    for paths, accuracies in told:
        state = learner.learn(policy, state, paths, accuracies)
    return state.theta


def test_reinforce_moves_as_adam_on_the_score_function():
    policy, theta = made(FREE)
    told = batches(policy, theta)
    found = learnt(Reinforce(batch=5, lr=0.03, power=3, keep=0.7), policy, theta, told)
    expected = oracle.reinforce(told, policy.net.parts(theta), 2, 0.03, 3, 0.7)
    assert np.abs(found - expected).max() < EXACT
    assert np.abs(found - theta).max() > 0.03


@pytest.mark.parametrize("lr", [0.001, 0.1])
def test_ppo_moves_as_adam_on_the_clipped_objective(lr):
    policy, theta = made(FREE, layers=1)
    told = batches(policy, theta)
    found = learnt(Ppo(batch=5, lr=lr, moves=3, clip=0.1, entropy=0.01, keep=0.7), policy, theta, told)
    expected = oracle.ppo(told, policy.net.parts(theta), 1, lr, 3, 0.1, 0.01, 0.7)
    assert np.abs(found - expected).max() < EXACT
    assert np.abs(found - theta).max() > lr


@pytest.mark.parametrize("learner", [Reinforce(), Ppo(hidden=8)])
def test_a_cold_start_gives_the_same_bits(learner):
    history = battery.searched(learner, battery.NESTED, 60, 1)
    warm = controller._REPLAY.recall(key(learner), _scored(history[:-1])).learnt.theta
    warm = warm.copy()
    controller._REPLAY._kept.clear()
    again = learner.ask(history[:-1], battery.NESTED, np.random.default_rng(0), 1)
    cold = controller._REPLAY.recall(key(learner), _scored(history[:-1])).learnt.theta
    assert again == [history[-1].arch]
    assert np.array_equal(warm, cold)


def key(learner, pending=()):
    return learner, battery.NESTED, anything, frozenset(pending)


def _scored(history):
    return tuple((record.arch, record.metrics["accuracy"]) for record in history)


@pytest.mark.parametrize("learner", [Reinforce(batch=5), Ppo(batch=5, hidden=8)])
def test_nothing_is_learnt_from_what_somebody_else_is_scoring(learner):
    """Of a first batch of 5, of which 2 are pending, 3 are learnt from; what fails counts as 0."""
    policy = Policy(battery.NESTED, learner.hidden, learner.layers)
    whole = battery.searched(learner, battery.NESTED, 5, 5)

    def theta(history, pending=()):
        asked = learner.ask(history, battery.NESTED, np.random.default_rng(0), 1)
        assert asked[0] not in {record.arch for record in history}
        told = tuple((r.arch, worth(r, "accuracy")) for r in history)
        return controller._REPLAY.recall(key(learner, pending), told).learnt.theta

    gone = [replace(r, metrics={"accuracy": math.nan}) for r in whole[3:]]
    pending = [replace(record, provenance=PENDING) for record in gone]
    first = controller._first(policy, [r.arch for r in whole], root([r.arch for r in whole]))
    told = [record.metrics["accuracy"] for record in whole]
    for rewards, history, open_ in (
        (told, whole, ()), (told[:3], whole[:3] + pending, [r.arch for r in pending]),
        ([*told[:3], 0.0, 0.0], whole[:3] + gone, ()),
    ):  # fmt: skip
        expected = learner.learn(policy, first.learnt, first.paths[: len(rewards)], rewards)
        assert np.array_equal(theta(history, open_), expected.theta)
    assert len({theta(h, o).tobytes() for h, o in ((whole, ()), (whole[:3] + gone, ()))}) == 2


def test_known_numbers_of_the_papers():
    assert (Reinforce().hidden, Reinforce().layers, Reinforce.published().lr) == (35, 2, 6e-4)
    assert Ppo.published() == Ppo(lr=3.5e-4, hidden=100, entropy=1e-5, keep=0.95, layers=1)


@pytest.mark.parametrize("maker", [Reinforce, Ppo])
@pytest.mark.parametrize("wrong", [{"batch": 0}, {"lr": 0.0}, {"hidden": 0}, {"layers": 0}, {"keep": 1.0}])
def test_refuses(maker, wrong):
    with pytest.raises(BadValue, match=f"{next(iter(wrong))}="):
        maker(**wrong)


def test_a_policy_that_draws_what_is_known_is_given_something_new_and_learns_nothing_from_it():
    learner = Reinforce(batch=4, lr=1.0)
    history = battery.searched(learner, battery.NESTED, 40, 1)
    batch = controller._REPLAY.recall(key(learner), _scored(history[:-1]))
    assert batch.number > 20, "a policy that has made up its mind draws the same again"
    assert len(batch.paths) == len(batch.archs) - 1
    assert batch.archs[-1] not in {record.arch for record in history[:-1]}
