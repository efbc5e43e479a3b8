"""Read off: the path of the architecture that would be found now."""

from dataclasses import replace

import numpy as np

import gapless.methods
from gapless.core import Streams
from gapless.engine.check import conflicts
from gapless.parts.mask.strongest import Strongest
from gapless.parts.sample.read_off import ReadOff
from gapless.spaces.darts import Darts
from gapless.testing.methods import SPACES

from .views import view


def test_is_the_architecture_of_the_strengths():
    choices, rng = Darts().choices, np.random.default_rng(0)
    for _ in range(20):
        gates = {g.name: rng.random(g.mask.shape) for g in choices.groups()}
        (tables,) = ReadOff()(view(choices, gates), Streams(0).generator("unused"))
        expected = choices.active(Strongest()(choices, gates))
        assert all(np.array_equal(tables[name], table) for name, table in expected.items())
        assert [int(table.sum()) for table in tables.values()] == [8, 8]


def test_needs_a_relaxation():
    recipe = gapless.methods.get("spos", "quick")
    stages = (replace(recipe.stages[0], sample=ReadOff()),)
    (line,) = conflicts(replace(recipe, stages=stages), SPACES[0][0])
    assert "'read-off'" in line
