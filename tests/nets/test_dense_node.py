"""The cell of NAS-Bench-201 in plain torch, source by source, against the plain list of modules."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from gapless.core import Streams
from gapless.data.shape import ImageShape
from gapless.nets import source
from gapless.nets.dense_node import DenseNodes
from gapless.nets.gate import Gate, onehot
from gapless.spaces.contract import Shape, subnet
from gapless.spaces.nb201 import Nb201

from .cells import along_alpha, assert_equal, built, everything, mixture, random_masks

SPACE, IMAGE = Nb201(), ImageShape(2, 9, 7, 5)
WAYS = ("plain", "torch")


@pytest.fixture(params=[0, 2**30], ids=["apart", "stacked"])
def _stacks(request, monkeypatch):
    monkeypatch.setattr(source, "_STACKED_ON_CPU", request.param)


@pytest.mark.usefixtures("_stacks")
@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize("pool_norm", [True, False], ids=["pool norm", "bare pools"])
@pytest.mark.parametrize("affine", [True, False], ids=["affine", "plain"])
def test_mixtures(affine, pool_norm, training):
    net = built(Shape(3, 2, affine, pool_norm), IMAGE, space=SPACE, training=training)
    results = []
    for way in WAYS:
        alpha, mix = mixture(space=SPACE)
        results.append(everything(way, net, IMAGE, 3, mix, alpha))
    assert_equal(*results, 1e-10)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 99), share=st.sampled_from([0.05, 0.3, 0.7]), weighted=st.booleans(),
    pool_norm=st.booleans(), affine=st.booleans(), training=st.booleans(), most=st.sampled_from([0, 2**30]),
)  # fmt: skip
def test_random_masks(seed, share, weighted, pool_norm, affine, training, most):
    net = built(Shape(3, 1, affine, pool_norm), IMAGE, space=SPACE, training=training)
    masks = random_masks(SPACE, seed, share)
    results = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "_STACKED_ON_CPU", most)
        for way in WAYS:
            alpha, mix = mixture(space=SPACE, seed=seed, active=masks)
            if not weighted:
                alpha, mix = None, {name: Gate(active=masks[name]) for name in masks}
            results.append(everything(way, net, IMAGE, 4, mix, alpha))
    assert_equal(*results, 1e-10)


@pytest.mark.parametrize("seed", [0, 3, 4])  # whose output depends on the image
def test_paths_and_their_own_networks(seed):
    shape = Shape(4, 1, affine=True)
    arch = SPACE.choices.sample(Streams(seed).generator("arch"))
    net, alone = built(shape, IMAGE, space=SPACE), subnet(SPACE, arch, shape, IMAGE).double()
    for each, mix in ((net, onehot(SPACE.choices, arch)), (alone, None)):
        assert_equal(*(everything(way, each, IMAGE, 3, mix) for way in WAYS), 1e-10)


def test_derivatives_of_derivatives():
    net = built(Shape(3, 1, affine=True, pool_norm=True), IMAGE, space=SPACE)
    x = torch.randn(4, 2, 9, 7, dtype=torch.float64)
    assert_equal(*(along_alpha(way, net, x, SPACE) for way in WAYS), 1e-10)


@pytest.mark.parametrize("change", ["module", "kernel"])
def test_a_cell_with_other_modules_is_not_known(change):
    edges = built(Shape(4, 1), IMAGE, space=SPACE).cells[0].edges
    assert DenseNodes.of(edges, 3) is not None
    if change == "module":
        edges["0-1"].skip_connect = nn.Tanh()
    else:
        edges["0-1"].nor_conv_3x3[1] = nn.Conv2d(4, 4, 3, padding=2, dilation=2, bias=False)
    assert DenseNodes.of(edges, 3) is None
