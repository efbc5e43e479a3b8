"""Images of a search are made smaller only as far as somebody's own network takes them."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import TensorDataset

import gapless
import gapless.data
import gapless.methods
import gapless.spaces
from gapless.core.errors import BadValue
from gapless.job.coarse import taken
from gapless.job.limits import buildable
from gapless.nn import Choose
from gapless.spaces.contract import Shape

SHAPE = Shape(4)


def images(side):
    rng = np.random.default_rng(0)
    x = torch.from_numpy(rng.integers(0, 256, (80, 3, side, side)).astype(np.uint8))
    y = torch.arange(80) % 10
    return gapless.data.from_datasets(TensorDataset(x[:60], y[:60]), TensorDataset(x[60:], y[60:]))


def net(halvings, *end):
    """Halves images so often; what ends it decides how many pixels it takes."""
    layers = [nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4)]
    for _ in range(halvings):
        layers += [Choose(conv=nn.Conv2d(4, 4, 3, padding=1), skip=nn.Identity()), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, *end)


def pooled(halvings):
    return net(halvings, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 10))


def sides(module, data):
    space, recipe = gapless.spaces.from_module(module), gapless.methods.get("gapless", "quick")
    found = taken(recipe, space, [SHAPE], SHAPE, data)
    return found.side, found.select.early.side


@pytest.mark.parametrize(
    ("module", "side", "expected"),
    [
        (pooled(3), 32, (16, 8)), (pooled(4), 32, (16, 16)), (pooled(5), 64, (32, 32)),
        (net(2, nn.Flatten(), nn.Linear(4 * 8 * 8, 10)), 32, (32, 32)),
        (pooled(2), 8, (16, 8)), (pooled(9), 32, (32, 32)),
    ],
    ids=["taken as they are", "early ones larger", "both larger", "of one size", "small anyway", "never"],
)  # fmt: skip
def test_sides(module, side, expected):
    assert sides(module, images(side)) == expected


def test_each_image_is_tried_in_the_shape_of_those_who_see_it():
    """Three halvings in the search, four in use: 8 pixels are enough for the search alone."""

    def make(shape):
        more = () if shape == SHAPE else (nn.MaxPool2d(2),)
        return net(3, *more, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 10))

    recipe = replace(gapless.methods.get("gapless", "quick"), side=8)
    found = taken(recipe, gapless.spaces.from_module(make), [SHAPE], Shape(8), images(32))
    assert (found.side, found.select.early.side) == (8, 16)
    found = taken(recipe, gapless.spaces.from_module(make), [Shape(8)], SHAPE, images(32))
    assert (found.side, found.select.early.side) == (16, 8)


def test_a_network_is_tried_on_what_its_search_sees():
    space, whole = gapless.spaces.from_module(pooled(3)), images(32).shape
    preset = space.presets["quick"]
    buildable(space, preset, whole, seen=replace(whole, height=8, width=8))
    with pytest.raises(BadValue, match="4 x 4"):
        buildable(space, preset, whole, seen=replace(whole, height=4, width=4))


def test_a_space_of_ours_takes_all():
    recipe = gapless.methods.get("gapless", "quick")
    assert taken(recipe, gapless.spaces.get("spos"), [SHAPE], SHAPE, images(32)) is recipe


def test_a_method_without_first_steps():
    recipe = gapless.methods.get("spos", "quick")
    assert taken(recipe, gapless.spaces.from_module(pooled(4)), [SHAPE], SHAPE, images(32)) == recipe


@pytest.mark.slow
def test_a_search_in_a_network_that_takes_one_size(tmp_path):
    module = net(2, nn.Flatten(), nn.Linear(4 * 4 * 4, 10))
    found = gapless.search(
        gapless.spaces.from_module(module), images(16), "gapless", run=tmp_path / "run", epochs=1,
        settings={"select.evaluations": 2, "batch": 16, "select.early.steps": 10, "select.early.side": 4},
        retrain=False, audit=False,
    )  # fmt: skip
    assert found.arch in gapless.spaces.from_module(module).choices


def test_one_that_takes_no_images_is_refused_by_those_it_would_be_used_on(tmp_path):
    with pytest.raises(BadValue, match="16 x 16"):
        gapless.search(gapless.spaces.from_module(pooled(9)), images(16), "gapless", run=tmp_path / "run")
