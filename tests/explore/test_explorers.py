"""Every explorer keeps the contract; broken ones do not."""

from dataclasses import dataclass

import numpy as np
import pytest

from gapless import explore
from gapless.core import Choice, Space
from gapless.core.errors import UnknownName
from gapless.explore.random import Random, unseen
from gapless.testing import explorers as battery


@pytest.mark.parametrize("check", battery.checks, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", explore.names())
def test_contract(name, check):
    check(explore.get(name))


@pytest.mark.parametrize("settings", [{"population": 7, "rate": 1.0}])
@pytest.mark.parametrize("check", battery.checks, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", ["genetic", "nsga2"])
def test_contract_at_other_settings(name, settings, check):
    breeding = {"mutations": 3, "crossovers": 3, "parents": 2} if name == "genetic" else {}
    check(explore.get(name, **settings, **breeding))


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(explore.names()) - {"enumeration", "random"}))
def test_learns(name):
    battery.beats_random(explore.get(name))


@pytest.mark.slow
def test_random_does_not_pass_for_learning():
    with pytest.raises(AssertionError, match=r"better than random by 0\.000"):
        battery.beats_random(Random())


@dataclass
class Counting:
    """Has state."""

    asked: int = 0

    def ask(self, history, space, rng, n):
        self.asked += 1
        return Random().ask(history, space, np.random.default_rng(self.asked), n)


@dataclass(frozen=True)
class Repeating:
    """Draws with replacement."""

    def ask(self, history, space, rng, n):
        return [space.sample(rng) for _ in range(n)]


@dataclass(frozen=True)
class Greedy:
    """Gives more than was asked for."""

    def ask(self, history, space, rng, n):
        return Random().ask(history, space, rng, n + 1)


@dataclass(frozen=True)
class Draining:
    """Eats the history."""

    def ask(self, history, space, rng, n):
        found = Random().ask(history, space, rng, n)
        if isinstance(history, list) and history:
            history.pop()
        return found


@pytest.mark.parametrize(
    ("broken", "check"),
    [
        (Counting(), battery.pure),
        (Counting(), battery.resumes),
        (Repeating(), battery.valid_and_new),
        (Greedy(), battery.valid_and_new),
        (Draining(), battery.pure),
        (Repeating(), battery.refuses),
    ],
)
def test_the_battery_finds_what_is_broken(broken, check):
    with pytest.raises(AssertionError):
        check(broken)


def test_unknown_name_gets_a_suggestion():
    with pytest.raises(UnknownName, match="did you mean 'nsga2'"):
        explore.get("nsga-2")


def test_unseen_is_uniform_over_what_is_left():
    space = battery.SMALL
    seen = set(list(space)[:8])
    rng = np.random.default_rng(0)
    drawn = [unseen(space, seen, rng) for _ in range(4000)]
    counts = np.array([drawn.count(arch) for arch in space if arch not in seen])
    assert counts.sum() == 4000
    expected = 4000 / len(counts)
    chi = float(((counts - expected) ** 2 / expected).sum())
    assert chi < 16.3, "chi-square, 3 degrees of freedom: exceeded by chance once in 1000; the seed is fixed"


def test_the_last_of_a_space_of_thousands_are_drawn_and_not_looked_up_in_a_list(monkeypatch):
    space = Space(tuple(Choice(f"c{i}", dict.fromkeys("abc")) for i in range(8)))
    archs, rng = list(space), np.random.default_rng(0)
    seen = set(archs[: space.size() * 9 // 10])
    monkeypatch.setattr(Space, "__iter__", lambda self: pytest.fail("listed"))
    drawn = [unseen(space, seen, rng) for _ in range(300)]
    assert all(arch is not None and arch not in seen for arch in drawn)
    assert len(set(drawn)) > 200, "of 657 that are left"
    monkeypatch.undo()
    assert unseen(space, set(archs[:-1]), rng) == archs[-1]
    assert unseen(space, set(archs), rng) is None
