"""Sparse recovery against coordinate descent and against listing all architectures."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.oracles import conas as oracle

from gapless.core import Choice, Space
from gapless.core.errors import BadValue
from gapless.core.record import Record
from gapless.explore.conas import Conas, consistent, sparse
from gapless.testing import explorers as battery

INNER = Space((Choice("op", dict.fromkeys("ab")),))
SMALL = Space(
    (Choice("node", {"0": INNER, "1": INNER, "2": INNER}, pick=2), Choice("end", dict.fromkeys("pq")))
)
LAYERS = Space(tuple(Choice(f"layer{i}", dict.fromkeys("ab")) for i in range(10)))


def signs(space, arch):
    return 2 * space.encode(arch) - 1


@settings(derandomize=True, deadline=None, max_examples=10)
@given(st.integers(0, 10**6))
def test_the_coefficients_are_those_of_the_lasso(seed):
    rng = np.random.default_rng(seed)
    x, y = rng.choice([-1.0, 1.0], (30, 4)), rng.normal(size=30)
    expected = oracle.lasso(x, y, range(4), 0.1)
    found = sparse(x, y, range(4), 100, 0.1)
    assert all(abs(found.get(s, 0.0) - value) < 1e-7 for s, value in expected.items())
    few = sparse(x, y, range(4), 2, 0.1)
    largest = sorted(found, key=lambda s: -abs(found[s]))[:2]
    assert few == {s: found[s] for s in largest}


@settings(derandomize=True, deadline=None)
@given(st.dictionaries(st.integers(0, 10), st.sampled_from([-1, 1]), max_size=5), st.integers(0, 10**6))
def test_an_architecture_has_the_bits_where_one_can(bits, seed):
    having = [a for a in SMALL if all(signs(SMALL, a)[i] == b for i, b in bits.items())]
    found = consistent(SMALL, bits, np.random.default_rng(seed))
    assert (found in having) if having else found is None


def test_a_sparse_polynomial_is_found():
    """Losses are x_0 x_4 + x_6 / 2 of ten layers of two options; every architecture with its minimum has
    x_6 = -1 and x_0 x_4 = -1."""

    def record(arch):
        x = signs(LAYERS, arch)
        return Record(arch, {"accuracy": -float(x[0] * x[4] + x[6] / 2)}, {"macs": 1.0, "parameters": 1.0})

    explorer, history = Conas(measurements=40, sparsity=3, penalty=0.01), []
    for _ in range(40):
        history += [record(a) for a in explorer.ask(history, LAYERS, np.random.default_rng(len(history)), 1)]
    later = explorer.ask(history, LAYERS, np.random.default_rng(1), 3)
    assert later
    for arch in later:
        assert record(arch).metrics["accuracy"] == 1.5


@pytest.mark.parametrize("check", battery.checks, ids=lambda check: check.__name__)
def test_contract(check):
    check(Conas())


@pytest.mark.parametrize("wrong", [{"measurements": 1}, {"sparsity": 0}, {"sparsity": 9}, {"penalty": 0.0}])
def test_what_cannot_be_is_refused(wrong):
    with pytest.raises(BadValue, match=next(iter(wrong))):
        Conas(**wrong)
