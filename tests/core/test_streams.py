"""Streams: numbers as a function of (seed, name, index)."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from gapless.core import Streams
from gapless.core.errors import BadValue

from .strategies import EXAMPLES
from .test_arch import in_fresh_processes

INDEX = st.lists(st.integers(0, 2**70), max_size=3).map(tuple)
KEY = st.tuples(st.integers(0, 2**70), st.text(max_size=5), INDEX)


def numbers(seed: int, name: str, *index: int) -> list[int]:
    return Streams(seed).generator(name, *index).integers(2**63, size=4).tolist()


def test_another_process_draws_the_same_numbers() -> None:
    code = (
        "from gapless.core import Streams\n"
        "s = Streams(7)\n"
        "print(s.integer('a', 3), s.generator('b', 1, 2).integers(2**63, size=4).tolist(), s.child('c').seed)"
    )
    s = Streams(7)
    here = f"{s.integer('a', 3)} {numbers(7, 'b', 1, 2)} {s.child('c').seed}"
    assert in_fresh_processes(code) == [here] * 3


@pytest.mark.golden
def test_numbers_never_change() -> None:
    assert Streams(0).integer("sampler") == 4965392095593184500
    assert numbers(0, "sampler", 1)[:2] == [2224075811591753150, 682942579424091402]


def test_a_new_stream_shifts_no_other() -> None:
    alone = numbers(5, "sampler", 0)
    s = Streams(5)
    s.generator("added").random(1000)
    first = s.generator("sampler", 0)
    s.generator("sampler", 1).random(10)
    s.child("sampler").generator("sampler").random(10)
    assert first.integers(2**63, size=4).tolist() == alone


def test_nothing_global_is_touched() -> None:
    before = np.random.get_state()[1].tolist()
    Streams(5).generator("sampler").random(10)
    assert np.random.get_state()[1].tolist() == before


@EXAMPLES
@given(KEY, KEY)
def test_another_seed_name_or_index_gives_other_numbers(a, b) -> None:
    assert (numbers(a[0], a[1], *a[2]) == numbers(b[0], b[1], *b[2])) == (a == b)


def test_neighbouring_keys_never_meet() -> None:
    """Pairs that a concatenation of words, of letters or of digits would confuse."""
    indices = [(), (0,), (0, 0), (0, 1), (1,), (1, 0), (2**32,), (2**32 + 1,), (1, 1), (11,), (-1,)]
    names = ["", "a", "a0", "a,0", 'a", 0', "é", "\ud800"]
    seeds = [0, 1, 2**32, 2**64, 2**128]
    drawn = [Streams(s).integer(n, *i) for s, n, i in itertools.product(seeds, names, indices)]
    assert len(set(drawn)) == len(drawn)


def test_streams_are_independent_uniform_draws() -> None:
    """First numbers of 6400 streams in 64 boxes; a right stream fails with probability 1e-7."""
    firsts = [int(Streams(1).generator("batch", step).random() * 64) for step in range(6400)]
    counts = np.bincount(firsts, minlength=64)
    assert ((counts - 100) ** 2 / 100).sum() < chi2.isf(1e-7, 63)


def test_integers_seed_a_torch_generator() -> None:
    drawn = [Streams(seed).integer("init") for seed in range(200)]
    assert all(0 <= number < 2**63 for number in drawn)
    assert max(drawn) > 2**62


def test_children_are_streams_of_their_own() -> None:
    s = Streams(3)
    assert s.child("training", 0) == s.child("training", 0)
    assert len({s, s.child("training", 0), s.child("training", 1), s.child("other", 0)}) == 4


def test_whole_numbers_of_numpy_are_the_same_index() -> None:
    assert numbers(0, "a", np.int64(3)) == numbers(0, "a", 3)


@pytest.mark.parametrize("seed", [-1, 1.5, "1", None, True])
def test_other_seeds_are_refused(seed: object) -> None:
    with pytest.raises(BadValue, match="a seed that is a whole number >= 0"):
        Streams(seed)


@pytest.mark.parametrize("index", [1.5, "1", None])
def test_other_indices_are_refused(index: object) -> None:
    with pytest.raises(BadValue, match="whole numbers as the index of stream 'a'"):
        Streams(0).integer("a", index)


def test_core_is_imported_without_torch_or_other_heavy_packages() -> None:
    heavy = {"torch", "torchvision", "sklearn", "scipy", "matplotlib", "onnx"}
    code = (
        "import importlib, pkgutil, gapless.core as core\n"
        "for module in pkgutil.iter_modules(core.__path__, 'gapless.core.'):\n"
        "    importlib.import_module(module.name)\n"
        f"print(sorted({heavy!r} & set(sys.modules)))"
    )
    assert in_fresh_processes(code, ("0",)) == ["[]"]
