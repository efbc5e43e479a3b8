"""S1 to S4 of R-DARTS: sizes, operations of each edge, parameters by hand, methods, export."""

from __future__ import annotations

from dataclasses import replace
from math import comb, prod

import numpy as np
import pytest
import torch

import gapless.methods
import gapless.spaces
from gapless.core import Streams
from gapless.core.errors import BadValue
from gapless.data.shape import ImageShape
from gapless.engine.check import conflicts
from gapless.export.onnx import to_onnx
from gapless.nets import fast
from gapless.nets.seeded import seeded
from gapless.spaces.contract import Shape, subnet
from gapless.spaces.darts_reduced import S1_NORMAL, S1_REDUCE, DartsReduced
from gapless.testing.methods import BATCH, shortened, started
from gapless.testing.spaces import mixture, pictures

NAMES = ("darts-s1", "darts-s2", "darts-s3", "darts-s4")
IMAGE = ImageShape(3, 8, 8, 10)


@pytest.mark.parametrize("name", NAMES)
def test_sizes(name):
    """Each node takes 2 of its edges, each with 2 operations."""
    cell = prod(comb(node, 2) * 2**2 for node in range(2, 6))
    assert cell == 46_080
    assert gapless.spaces.get(name).size() == cell**2 == 2_123_366_400


@pytest.mark.parametrize("name", NAMES)
def test_every_edge_has_its_operations(name):
    space = gapless.spaces.get(name)
    pair = {"darts-s4": ("noise", "sep_conv_3x3")}.get(name, ("skip_connect", "sep_conv_3x3"))
    for group, own in zip(space.choices.groups(), (S1_NORMAL, S1_REDUCE), strict=True):
        assert len(group.rows) == 14
        for row, has, may, published in zip(group.rows, group.mask, group.pickable, own, strict=True):
            options = np.array(group.options)
            assert set(options[may]) == set(published if name == "darts-s1" else pair), row
            assert set(options[has & ~may]) == ({"none"} if name == "darts-s3" else set())


def test_rows_of_s1_are_in_the_order_of_the_published_lists():
    normal, _ = gapless.spaces.get("darts-s1").choices.groups()
    edges = [(path[1], path[0]) for path in normal.rows]
    assert edges[:4] == [("0", "normal/2"), ("1", "normal/2"), ("0", "normal/3"), ("1", "normal/3")]
    assert S1_NORMAL[12] == ("dil_conv_3x3", "dil_conv_5x5")
    assert edges[12] == ("3", "normal/5")


def test_parameters_of_s2_by_hand():
    """All separable against all skips: each stride-1 skip is free, each stride-2 skip is a reduction."""
    space, c = gapless.spaces.get("darts-s2"), 4
    first = {f"{kind}/{node}": {"0": "x", "1": "x"} for kind in ("normal", "reduce") for node in range(2, 6)}

    def count(option):
        picks = {choice: {s: {"op": option} for s in edges} for choice, edges in first.items()}
        arch = type(space.choices.at(0)).of(picks)
        net = subnet(space, arch, Shape(c, 3), IMAGE)
        return sum(p.numel() for p in net.parameters())

    def separable(c):
        return 2 * (9 * c + c * c + 2 * c)

    def reduction(c):
        return c * c + 2 * c

    # Cells 1 and 2 of three halve: c, 2c, 4c channels; 8 edges each, all from the inputs.
    wanted = 8 * (separable(c) + separable(2 * c) + separable(4 * c) - reduction(2 * c) - reduction(4 * c))
    assert count("sep_conv_3x3") - count("skip_connect") == wanted


@pytest.mark.parametrize("name", NAMES)
def test_cells_are_computed_fast_where_their_operations_allow(name):
    space = gapless.spaces.get(name)
    net = space.network(space.choices, Shape(4, 3, affine=False, pool_norm=True), IMAGE).double().train()
    assert all((cell.source_nodes is not None) == (name != "darts-s4") for cell in net.cells)
    mix, x = mixture(space.choices), pictures(IMAGE)
    quick = net(x, mix)
    with fast.plain():
        slow = net(x, mix)
    assert torch.allclose(quick, slow, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("method", gapless.methods.names())
def test_methods_that_run_on_darts_run_here(method):
    recipe = gapless.methods.get(method)
    if not conflicts(recipe, gapless.spaces.get("darts")):
        assert [conflicts(recipe, gapless.spaces.get(name)) for name in NAMES] == [[]] * 4


@pytest.mark.parametrize("name", ["darts-s1", "darts-s4"])
@pytest.mark.parametrize("method", ["darts-2nd", "pc-darts", "p-darts"])
def test_a_step_of_a_search(name, method):
    recipe = shortened(gapless.methods.get(method, "quick"))
    run = started(recipe, (gapless.spaces.get(name), Shape(4, 3, affine=False, pool_norm=True)))
    before = {key: value.clone() for key, value in run.net.state_dict().items()}
    run.step()
    assert recipe.batch == BATCH
    assert any(not torch.equal(before[key], value) for key, value in run.net.state_dict().items())


def test_noise_can_be_exported(tmp_path):
    space = gapless.spaces.get("darts-s4")
    arch = space.choices.sample(Streams(0).generator("export"))
    assert "noise" in space.text(arch)
    with seeded(0):
        net = subnet(space, arch, Shape(4, 1), IMAGE).eval()
    x = torch.rand(3, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    found = to_onnx(net, IMAGE, tmp_path / "s4.onnx", inputs=x, mean=[0.0] * 3, std=[1.0] * 3, seconds=0.01)
    assert found.relative_error < 1e-4
    assert found.agreement == 1


def test_every_edge_needs_a_list():
    with pytest.raises(BadValue, match=r"14 lists .* got 13 of the reduce cell"):
        DartsReduced(reduce=S1_REDUCE[:-1])
    with pytest.raises(BadValue, match="9 lists"):
        replace(gapless.spaces.get("darts-s2"), nodes=3)
