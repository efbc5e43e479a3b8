"""Uniform sampling is uniform, and its tables are the architectures' own."""

from collections import Counter

import numpy as np
import pytest
from scipy.stats import chi2

from gapless.core import Streams
from gapless.parts.sample.uniform import Uniform
from gapless.spaces.chain import Chain
from gapless.spaces.darts import Darts

from .views import view

ERROR = 1e-6
"""Probability that a uniform sampler fails a chi-square test; seeds are fixed, so it always does or never."""

SMALL = {
    "chain": Chain(("identity", "k3e1", "k3e2"), (1, 1, 1), (1, 1, 1), head=1).choices,
    "nested": Darts(1, ("skip_connect", "sep_conv_3x3", "sep_conv_5x5")).choices,
}


def fits_uniform(counts, cells):
    mean = sum(counts) / cells
    statistic = sum((c - mean) ** 2 for c in (*counts, *[0] * (cells - len(counts)))) / mean
    return statistic < chi2.isf(ERROR, cells - 1)


@pytest.mark.parametrize("name", SMALL)
def test_every_architecture_is_equally_likely(name):
    choices = SMALL[name]
    draws = [
        key(table)
        for step in range(100 * choices.size())
        for table in Uniform()(view(choices), Streams(0).generator("sample", step))
    ]
    counts = Counter(draws)
    assert set(counts) <= {key(choices.active(arch)) for arch in choices}
    assert fits_uniform(list(counts.values()), choices.size())
    uneven = [draw for draw in draws if draw != draws[0]]
    assert not fits_uniform(list(Counter(uneven).values()), choices.size()), "the test cannot tell"


def key(table):
    return tuple(array.tobytes() for array in table.values())


def test_n_independent_paths():
    choices = SMALL["chain"]
    pairs = Counter()
    for step in range(3000):
        rng = Streams(1).generator("sample", step)
        a, b = (table["layers"][0] for table in Uniform(2)(view(choices), rng))
        pairs[int(np.argmax(a)), int(np.argmax(b))] += 1
    assert fits_uniform(list(pairs.values()), 9)
