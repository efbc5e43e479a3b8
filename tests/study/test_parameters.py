"""Architectures as Optuna parameters and back."""

import numpy as np
import optuna
import pytest
from hypothesis import given, settings
from optuna.distributions import CategoricalDistribution, IntDistribution
from tests.core.strategies import spaces as any_space

import gapless.spaces
from gapless.core import Arch, Choice, Space
from gapless.core.errors import BadValue, Incompatible
from gapless.study.borrowed import quiet
from gapless.study.parameters import MOST, Parameters

OPERATIONS = Space((Choice("op", dict.fromkeys("ab")),))
NODE = Choice("node", {"0": OPERATIONS, "1": OPERATIONS, "2": None}, pick=2)
NESTED = Space((NODE, Choice("x", dict.fromkeys("uv"))))


@given(any_space())
@settings(max_examples=60, deadline=None)
def test_there_and_back(space):
    rng = np.random.default_rng(0)
    for numeric in (False, True):
        parameters = Parameters(space, numeric)
        for _ in range(3):
            arch = space.sample(rng)
            params = parameters.params(arch)
            assert parameters.arch(params) == arch
            assert params.keys() <= parameters.distributions.keys()
            for name, value in params.items():
                one = parameters.distributions[name]
                assert one._contains(one.to_internal_repr(value))


@pytest.mark.parametrize("name", gapless.spaces.names())
def test_spaces_of_the_index(name):
    space = gapless.spaces.get(name).choices
    parameters, rng = Parameters(space), np.random.default_rng(1)
    for _ in range(5):
        arch = space.sample(rng)
        assert parameters.arch(parameters.params(arch)) == arch


def test_parameters_are_there_where_their_option_is_picked():
    arch = Arch.of({"node": {"0": {"op": "b"}, "2": None}, "x": "v"})
    assert Parameters(NESTED).params(arch) == {"node": "0+2", "node/0/op": "b", "x": "v"}
    numbers = Parameters(NESTED, numeric=True).params(arch)
    assert numbers.keys() == {"node", "node/0/op", "node/1/op", "x"}
    assert (numbers["node/0/op"], numbers["node/1/op"], numbers["x"]) == (1, 0, 1)


def test_distributions():
    found = Parameters(NESTED).distributions
    assert set(found["node"].choices) == {"0+1", "0+2", "1+2"}
    assert found["x"] == CategoricalDistribution(["u", "v"])
    assert Parameters(NESTED, numeric=True).distributions["x"] == IntDistribution(0, 1)


def test_many_combinations_are_numbers():
    space = Space((Choice("c", dict.fromkeys(map(str, range(14))), pick=(1, 14)),))
    assert space.size() > MOST
    parameters = Parameters(space)
    assert parameters.distributions == {"c": IntDistribution(0, 2**14 - 2)}
    for number in (0, 5000, 2**14 - 2):
        assert parameters.params(space.at(number)) == {"c": number}


def test_what_optuna_cannot_count_is_refused():
    space = Space((Choice("c", dict.fromkeys(map(str, range(64))), pick=32),))
    with pytest.raises(Incompatible, match="2\\^53"):
        _ = Parameters(space).distributions


def test_labels_that_would_be_equal_become_numbers():
    space = Space((Choice("c", dict.fromkeys(("a", "b", "a+b", "c")), pick=(1, 2)),))
    parameters = Parameters(space)
    assert isinstance(parameters.distributions["c"], IntDistribution)
    assert {parameters.arch(parameters.params(arch)) for arch in space} == set(space)


def test_names_that_would_be_equal_are_escaped():
    inner = Space((Choice("c", dict.fromkeys("xy")),))
    space = Space((Choice("a", {"b": inner}), Choice("a/b/c", dict.fromkeys("uv"))))
    parameters = Parameters(space)
    assert set(parameters.distributions) == {"a", "a/b/c", "a%2Fb%2Fc"}
    assert {parameters.arch(parameters.params(arch)) for arch in space} == set(space)


@pytest.mark.parametrize("numeric", [False, True])
def test_a_trial_is_asked_choice_by_choice(numeric):
    parameters = Parameters(NESTED, numeric)
    with quiet():
        study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(20):
        trial = study.ask()
        arch = parameters.suggest(trial)
        assert arch in NESTED
        assert parameters.params(arch).keys() == trial.params.keys()
        assert parameters.arch(trial.params) == arch


def test_bad_parameters_are_refused():
    parameters = Parameters(NESTED)
    with pytest.raises(BadValue, match="parameter 'x'"):
        parameters.arch({"node": "0+1", "node/0/op": "a", "node/1/op": "a"})
    with pytest.raises(BadValue, match="'w'"):
        parameters.arch({"node": "0+1", "node/0/op": "a", "node/1/op": "a", "x": "w"})
