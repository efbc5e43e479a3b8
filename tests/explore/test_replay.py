"""States are found again for histories that go on, and for no others."""

import json
import subprocess
import sys

from gapless.explore.replay import Replay, root, scores, stream
from gapless.testing import explorers as battery

HISTORY = [battery.toy(battery.SMALL, arch) for arch in battery.SMALL]
SCORED = scores(HISTORY)


def test_a_state_is_recalled_for_what_begins_alike():
    replay = Replay()
    replay.keep("one", SCORED[:4], "state")
    assert replay.recall("one", SCORED[:4]) == replay.recall("one", SCORED) == "state"
    assert replay.recall("one", SCORED[:3]) is None
    assert replay.recall("other", SCORED) is None
    changed = (*SCORED[:2], (SCORED[2][0], 0.123), *SCORED[3:])
    assert replay.recall("one", changed) is None


def test_the_oldest_search_is_forgotten():
    replay = Replay(searches=2)
    for i in range(3):
        replay.keep("one", SCORED[i:], i)
    assert [replay.recall("one", SCORED[i:]) for i in range(3)] == [None, 1, 2]


def test_streams_are_the_same_in_every_process():
    code = (
        "from gapless.testing.explorers import SMALL;from gapless.explore.replay import root, stream;"
        "print(stream(root(list(SMALL)), 3).random(2).tolist())"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    archs = list(battery.SMALL)
    assert json.loads(told) == stream(root(archs), 3).random(2).tolist()
    assert root(archs) != root(archs[::-1])
