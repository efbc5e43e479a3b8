"""PNAS: levels decide one choice after the other."""

import numpy as np
import pytest

from gapless.core import Choice, Space
from gapless.core.errors import BadValue
from gapless.core.record import Record
from gapless.explore.pnas import Pnas
from gapless.explore.random import Random
from gapless.testing.explorers import LONG, NESTED, searched


def beginning(arch, level):
    return [arch.option(choice.name) for choice in LONG.choices[:level]]


def test_a_level_expands_what_the_last_one_tried():
    explorer = Pnas(beam=8)
    history = searched(explorer, LONG, 64, 64)
    for level in range(1, 8):
        last, now = history[(level - 1) * 8 : level * 8], history[level * 8 : (level + 1) * 8]
        ranked = sorted(last, key=lambda record: -record.metrics["accuracy"])[:4]
        known = [beginning(record.arch, level) for record in ranked]
        assert all(beginning(record.arch, level) in known for record in now), f"level {level}"


def test_undecided_choices_hold_their_first_option_where_that_is_asked_for():
    history = searched(Pnas(beam=4, rest="first"), LONG, 12, 12)
    for i, record in enumerate(history):
        later = LONG.choices[i // 4 + 1 :]
        assert all(record.arch.option(choice.name) == "a" for choice in later)
    assert {record.arch.option("layer0") for record in history[:4]} == set("abcd")


def test_predictions_rank_what_is_tried():
    """Accuracy depends on one choice alone: when it is decided, the 5 beginnings with its best come first."""
    history = searched(Random(), LONG, 40, 40)

    def better(space, arch):
        return Record(arch, {"accuracy": float(arch.option("layer4") == "c")})

    known = [better(LONG, record.arch) for record in history]
    asked = Pnas(beam=10).ask(known, LONG, np.random.default_rng(0), 10)
    assert [arch.option("layer4") == "c" for arch in asked] == [True] * 5 + [False] * 5


def test_after_the_last_choice_it_begins_again():
    space = Space(tuple(Choice(f"layer{i}", dict.fromkeys("abcdefgh")) for i in range(3)))
    history = searched(Pnas(beam=5), space, 40, 40)
    assert len(history) == 40
    asked = Pnas(beam=5).ask(history[:15], space, np.random.default_rng(0), 5)
    assert len(asked) == 5


def test_choices_that_hold_choices_are_decided_whole():
    history = searched(Pnas(beam=6), NESTED, 30, 30)
    assert len({record.arch for record in history}) == 30


def test_a_choice_with_too_many_ways_is_refused():
    inner = Space(tuple(Choice(f"c{i}", dict.fromkeys("abcdefgh")) for i in range(30)))
    with pytest.raises(BadValue, match="write it as several choices"):
        Pnas().ask([], Space((Choice("all", {"x": inner}),)), np.random.default_rng(0), 1)


@pytest.mark.parametrize("wrong", [{"beam": 0}, {"expanded": 0}, {"rest": "last"}])
def test_refuses(wrong):
    with pytest.raises(BadValue, match="beam and expanded"):
        Pnas(**wrong)


def test_a_space_without_choices_has_one_architecture():
    history = searched(Pnas(), Space(()), 3, 1, score=lambda space, arch: Record(arch, {"accuracy": 0.5}))
    assert len(history) == 1
