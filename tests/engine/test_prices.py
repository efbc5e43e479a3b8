"""What a run says that operations cost."""

import numpy as np
import pytest

from gapless.core.errors import UnknownName

from . import toys
from .toys import CHAIN, Keep


def test_costs_are_counted_once_and_again_when_the_space_shrinks():
    run = toys.run(CHAIN, mask=Keep((("layer1", "k3e2"),)))
    before = run.costs("macs")
    assert run.costs("macs") is before
    assert run.costs("params")["layers"].shape == before["layers"].shape
    assert not np.array_equal(run.costs("params")["layers"], before["layers"])
    while not run.progress.epoch:
        run.step()
    run.end_epoch()
    after = run.costs("macs")["layers"]
    assert after[1, 2] == 0 < before["layers"][1, 2]
    assert np.array_equal(after[0], before["layers"][0])


def test_counting_changes_nothing():
    run, other = toys.run(CHAIN), toys.run(CHAIN)
    run.costs("macs")
    for each in (run, other):
        each.step()
    state, same = run.net.state_dict(), other.net.state_dict()
    assert all(state[name].equal(same[name]) for name in state)


def test_an_unknown_kind_is_refused():
    with pytest.raises(UnknownName, match="did you mean 'macs'"):
        toys.run(CHAIN).costs("mac")
