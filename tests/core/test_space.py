"""Spaces: counting, numbering, drawing, encoding, narrowing."""

from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from gapless.core import Arch, Choice, Space
from gapless.core.errors import BadValue, Refused, UnknownName

from .strategies import EXAMPLES, listed, picks, spaces, spaces_with_archs

OPERATIONS = ("max_pool", "avg_pool", "skip", "sep_3", "sep_5", "dil_3", "dil_5")
KERNELS = Space((Choice("kernel", {"3": None, "5": None}),))
SMALL = (
    Space(
        (
            Choice("op", {"conv": KERNELS, "pool": None, "skip": None}),
            Choice("width", {"8": None, "16": None}),
        )
    ),
    Space((Choice("from", {"0": KERNELS, "1": KERNELS, "2": None, "3": KERNELS}, pick=2),)),
    Space(
        (
            Choice(
                "deep",
                {"yes": Space((Choice("a", {"x": KERNELS, "y": None, "z": KERNELS}, pick=2),)), "no": None},
            ),
            Choice("flat", {"p": None, "q": None, "r": None}, pick=2),
        )
    ),
    Space((Choice("any", {"x": KERNELS, "y": None, "z": KERNELS}, pick=(1, 3)),)),
)


def cell(nodes: int = 4) -> Space:
    op = Space((Choice("op", dict.fromkeys(OPERATIONS)),))
    sources = [{str(source): op for source in range(2 + node)} for node in range(nodes)]
    return Space(tuple(Choice(f"node{2 + i}", options, pick=2) for i, options in enumerate(sources)))


@EXAMPLES
@given(spaces())
def test_the_architectures_are_exactly_those_of_the_definition(space: Space) -> None:
    numbered = list(space)
    assert len(numbered) == len(set(numbered)) == space.size()
    assert set(numbered) == {Arch.of(picks) for picks in listed(space)}


@EXAMPLES
@given(spaces())
def test_at_and_index_undo_each_other(space: Space) -> None:
    assert [space.index(space.at(number)) for number in range(space.size())] == list(range(space.size()))


@pytest.mark.parametrize("space", SMALL)
def test_sampling_is_uniform_over_architectures(space: Space) -> None:
    """A right sampler fails one of these three with probability below 3e-7."""
    size, each = space.size(), 150
    rng = np.random.default_rng(11)
    draws = [space.index(space.sample(rng)) for _ in range(each * size)]
    counts = np.bincount(draws, minlength=size)
    assert ((counts - each) ** 2 / each).sum() < chi2.isf(1e-7, size - 1)


def test_uniform_over_options_would_be_noticed() -> None:
    """The test above can fail: drawing option by option is not uniform over architectures."""
    space, rng, each = SMALL[0], np.random.default_rng(11), 150
    counts = np.zeros(space.size())
    for _ in range(each * space.size()):
        op = ("conv", "pool", "skip")[rng.integers(3)]
        inner = {"kernel": ("3", "5")[rng.integers(2)]} if op == "conv" else {}
        counts[space.index(Arch.of({"op": {op: inner}, "width": ("8", "16")[rng.integers(2)]}))] += 1
    assert ((counts - each) ** 2 / each).sum() > chi2.isf(1e-7, space.size() - 1)


def test_a_cell_of_darts_has_as_many_architectures_as_the_paper_implies() -> None:
    assert cell().size() == 1_037_664_180 == math.prod(math.comb(n, 2) * 7**2 for n in (2, 3, 4, 5))


def test_sizes_are_exact_far_beyond_64_bits() -> None:
    space = Space(
        (*cell(9).choices, *(Choice(f"c{i}", {"a": None, "b": KERNELS, "d": None}) for i in range(80)))
    )
    assert space.size() == math.prod(math.comb(n, 2) * 49 for n in range(2, 11)) * 4**80 > 2**200
    rng = np.random.default_rng(0)
    draws = [space.sample(rng) for _ in range(20)]
    numbers = [space.index(arch) for arch in draws]
    assert [space.at(number) for number in numbers] == draws
    assert len(set(numbers)) == 20
    assert min(numbers) < space.size() // 2 < max(numbers)
    assert space.index(space.at(space.size() - 1)) == space.size() - 1


def test_a_choice_of_thousands_of_options_is_numbered() -> None:
    space = Space((Choice("c", dict.fromkeys(map(str, range(3000))), pick=2),))
    assert space.size() == math.comb(3000, 2)
    assert space.index(space.at(space.size() - 1)) == space.size() - 1


@EXAMPLES
@given(spaces())
def test_codes_have_one_length_differ_and_are_one_where_picked(space: Space) -> None:
    archs = list(space)
    codes = [space.encode(arch) for arch in archs]
    assert {code.shape for code in codes} == {(_options(space),)}
    assert len({code.tobytes() for code in codes}) == len(archs)
    for arch, code in zip(archs, codes, strict=True):
        assert set(code) <= {0.0, 1.0}
        assert code.sum() == _picks(arch)


def test_a_code_lists_the_options_in_the_order_of_the_space() -> None:
    code = SMALL[0].encode(Arch.of({"op": {"conv": {"kernel": "5"}}, "width": "8"}))
    assert code.tolist() == [1, 0, 1, 0, 0, 1, 0]


def _options(space: Space | None) -> int:
    return 0 if space is None else sum(1 + _options(s) for c in space.choices for s in c.options.values())


def _picks(arch: Arch) -> int:
    return sum(1 + _picks(inner) for _, options in arch.picks for _, inner in options)


@EXAMPLES
@given(spaces_with_archs(1))
def test_only_leaves_that_architecture(drawn: tuple[Space, Arch]) -> None:
    space, arch = drawn
    assert list(space.only(arch)) == [arch]


@EXAMPLES
@given(spaces(), st.integers(0, 2**32))
def test_restricted_keeps_exactly_the_architectures_of_kept_options(space: Space, seed: int) -> None:
    def keep(path: tuple[str, ...], option: str) -> bool:
        return hash_free(seed, *path, option) % 4 != 0

    def kept(arch: Arch, prefix: tuple[str, ...] = ()) -> bool:
        return all(
            keep((*prefix, choice), option) and kept(inner, (*prefix, choice, option))
            for choice, options in arch.picks
            for option, inner in options
        )

    try:
        smaller = space.restrict(keep)
    except BadValue:
        assert _starved(space, keep, ())
    else:
        assert set(smaller) == {arch for arch in space if kept(arch)}
    assert space.restrict(lambda path, option: True) == space


def hash_free(seed: int, *words: str) -> int:
    return sum(seed // 7**i * ord(word[-1]) for i, word in enumerate(words))


def _starved(space: Space, keep, prefix) -> bool:
    for choice in space.choices:
        path = (*prefix, choice.name)
        kept = [option for option in choice.options if keep(path, option)]
        if len(kept) < picks(choice)[0]:
            return True
        if any(_starved(choice.options[o] or Space(()), keep, (*path, o)) for o in kept):
            return True
    return False


def test_restrict_gives_paths_and_also_narrows_relaxed_only() -> None:
    inner = Space((Choice("op", {"a": None, "b": None}, relaxed_only=("none",)),))
    space, seen = Space((Choice("node", {"0": inner, "1": None}),)), []
    smaller = space.restrict(lambda path, option: seen.append((path, option)) or option not in ("b", "none"))
    assert seen == [
        (("node",), "0"), (("node",), "1"),
        (("node", "0", "op"), "a"), (("node", "0", "op"), "b"), (("node", "0", "op"), "none"),
    ]  # fmt: skip
    assert smaller.choice(("node", "0", "op")).relaxed_only == ()
    assert smaller.size() == 2


def test_restrict_that_leaves_too_few_says_where() -> None:
    with pytest.raises(BadValue, match=r"at least 2 of 0, 1, 2, 3 kept at choice 'from'; got 2;"):
        SMALL[1].restrict(lambda path, option: option == "2")
    with pytest.raises(BadValue, match=r"at least 1 of 3, 5 kept at choice 'op/conv/kernel'; got none;"):
        SMALL[0].restrict(lambda path, option: path[-1] != "kernel")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Choice("c", {}), "at least one option at choice 'c'; got none"),
        (lambda: Choice("c", {"a": None}, pick=2), "between 1 and 1 picks at choice 'c'; got 2"),
        (lambda: Choice("c", {"a": None}, pick=0), "got 0"),
        (lambda: Choice("c", {"a": None}, pick=1.0), "whole number of picks"),
        (lambda: Choice("c", {"a": None}, pick=True), "whole number of picks"),
        (lambda: Choice("c", {"a": None, "b": None}, pick=(1, 2.0)), "a pair of them"),
        (lambda: Choice("c", {"a": None, "b": None}, pick=(1, 2, 2)), "a pair of them"),
        (lambda: Choice("c", {"a": None, "b": None}, pick=(0, 2)), r"between 1 and 2 .* got \(0, 2\)"),
        (lambda: Choice("c", {"a": None, "b": None}, pick=(2, 1)), r"got \(2, 1\)"),
        (lambda: Choice("c", {"a": None, "b": None}, pick=(1, 3)), r"got \(1, 3\)"),
        (lambda: Choice("", {"a": None}), "a name for the choice"),
        (lambda: Choice(3, {"a": None}), "a name for the choice"),
        (lambda: Choice("c", ["a", "b"]), "mapping from option name"),
        (lambda: Choice("c", {"a": KERNELS.choices}), "mapping from option name"),
        (lambda: Choice("c", {1: None}), "mapping from option name"),
        (lambda: Choice("c", {"a": None}, group=None), "name of a group"),
        (lambda: Choice("c", {"a": None}, relaxed_only="none"), "tuple of names as relaxed_only"),
        (lambda: Choice("c", {"a": None}, relaxed_only=("a",)), "got a twice"),
        (lambda: Choice("c", {"a": None}, relaxed_only=("n", "n")), "got n twice"),
        (lambda: Space((*KERNELS.choices, *KERNELS.choices)), "distinct names; got kernel, kernel"),
        (lambda: Space(KERNELS.choices[0]), "tuple of choices"),
        (lambda: Space(({"a": None},)), "tuple of choices"),
        (lambda: KERNELS.at(2), "whole number from 0 to 1; got 2"),
        (lambda: KERNELS.at(-1), "got -1"),
        (lambda: KERNELS.at(0.5), "got 0.5"),
    ],
)
def test_what_makes_no_space_is_refused_in_one_line(make, message: str) -> None:
    with pytest.raises(BadValue, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("picks", "message"),
    [
        ({"op": "skp", "width": "8"}, "1 of conv, pool, skip at choice 'op'; got skp; did you mean 'skip'?"),
        ({"op": "zzz", "width": "8"}, "got zzz; use an architecture"),
        ({"op": ["skip", "pool"], "width": "8"}, "got pool, skip"),
        ({"op": "skip"}, "picks at op, width; got picks at op"),
        ({}, "got picks at none"),
        ({"op": "conv", "width": "8"}, "picks at kernel inside 'op/conv'; got picks at none"),
        ({"op": {"conv": {"kernel": "7"}}, "width": "8"}, "choice 'op/conv/kernel'; got 7"),
        ({"op": {"skip": {"kernel": "3"}}, "width": "8"}, "picks at no choice inside 'op/skip'"),
    ],
)
def test_a_foreign_architecture_is_refused_everywhere(picks: dict[str, object], message: str) -> None:
    space, arch, rng = SMALL[0], Arch.of(picks), np.random.default_rng(0)
    own = space.at(0)
    assert arch not in space
    for use in (
        space.check, space.index, space.encode, space.only, space.active, space.neighbours,
        lambda a: space.mutate(a, rng),
        lambda a: space.crossover(a, own, rng), lambda a: space.crossover(own, a, rng),
    ):  # fmt: skip
        with pytest.raises(BadValue) as caught:
            use(arch)
        assert message in str(caught.value)


@pytest.mark.parametrize("inputs", range(2, 6))
def test_any_number_of_picks_but_none(inputs: int) -> None:
    options = dict.fromkeys(map(str, range(2 * inputs)))
    space = Space((Choice("node", options, pick=(1, len(options))),))
    assert space.size() == 2 ** (2 * inputs) - 1
    sizes = {len(space.at(number)["node"]) for number in range(space.size())}
    assert sizes == set(range(1, 2 * inputs + 1))


def test_a_pair_of_equal_numbers_is_that_number() -> None:
    options = {"a": None, "b": None, "c": None}
    assert Choice("c", options, pick=(2, 2)) == Choice("c", options, pick=2)
    free = Space((Choice("c", options, pick=(1, 3)),))
    assert free.restrict(lambda path, option: option == "a") == Space((Choice("c", {"a": None}),))
    assert free.restrict(lambda path, option: option != "a").choices[0].pick == (1, 2)


def test_too_many_or_no_picks_are_refused() -> None:
    space = Space((Choice("c", dict.fromkeys("abcd"), pick=(2, 3)),))
    for picked, got in ((["a"], "a"), (["a", "b", "c", "d"], "a, b, c, d")):
        with pytest.raises(BadValue, match=f"expected 2 to 3 of a, b, c, d at choice 'c'; got {got};"):
            space.check(Arch.of({"c": picked}))


def test_what_is_no_architecture_is_not_in_a_space() -> None:
    assert "op" not in SMALL[0]
    with pytest.raises(BadValue, match="expected an Arch; got a dict"):
        SMALL[0].check({"op": "skip"})


def test_choices_are_found_by_path() -> None:
    assert SMALL[0].choice(("op", "conv", "kernel")) is KERNELS.choices[0]
    with pytest.raises(UnknownName, match="did you mean 'conv'"):
        SMALL[0].choice(("op", "cnv", "kernel"))
    with pytest.raises(UnknownName, match="did you mean 'width'"):
        SMALL[0].choice(("widht",))
    with pytest.raises(Refused, match="there is no choice to choose"):
        SMALL[0].choice(("op", "skip", "kernel"))


def test_the_empty_space_has_one_architecture() -> None:
    empty, rng = Space(()), np.random.default_rng(0)
    assert list(empty) == [Arch()] == [empty.sample(rng)] == [empty.mutate(Arch(), rng)]
    assert empty.encode(Arch()).shape == (0,)
    assert empty.groups() == ()


@EXAMPLES
@given(spaces())
def test_spaces_are_values(space: Space) -> None:
    space.groups()
    for other in (copy.deepcopy(space), pickle.loads(pickle.dumps(space))):
        assert other == space
        assert hash(other) == hash(space)
        assert list(other) == list(space)


def test_a_space_does_not_change_with_the_mapping_it_was_made_from() -> None:
    options: dict[str, Space | None] = {"a": None}
    space = Space([Choice("c", options)])
    options["b"] = None
    assert [str(arch) for arch in space] == ["c: a"]
