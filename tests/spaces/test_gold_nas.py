"""The GOLD-NAS space: its size, its cells of their own, and the fast way of computing them."""

import pytest
import torch

from gapless.core.errors import BadValue
from gapless.data.shape import ImageShape
from gapless.nets import fast
from gapless.spaces.contract import Shape
from gapless.spaces.gold_nas import GoldNas
from gapless.testing.spaces import mixture, pictures

IMAGE = ImageShape(3, 8, 8, 10)
SMALL = GoldNas(cells=3, nodes=3)


def test_a_cell_has_as_many_architectures_as_published():
    """Any non-empty set of 2 operations on each of 2, 3, 4 and 5 edges."""
    assert GoldNas(cells=1).size() == 15 * 63 * 255 * 1023
    assert GoldNas().size() == (15 * 63 * 255 * 1023) ** 14 > 10**117


def test_every_cell_has_a_group_of_its_own():
    groups = SMALL.choices.groups()
    assert [group.name for group in groups] == ["cell0", "cell1", "cell2"]
    assert [group.mask.shape for group in groups] == [(3, 8)] * 3
    assert groups[0].mask.sum(1).tolist() == [4, 6, 8]


def test_cells_are_computed_fast_and_alike():
    net = SMALL.network(SMALL.choices, Shape(4, affine=False), IMAGE).double().train()
    assert all(cell.native is not None and cell.source_nodes is not None for cell in net.cells)
    mix, x = mixture(SMALL.choices), pictures(IMAGE)
    quick = net(x, mix)
    with fast.plain():
        slow = net(x, mix)
    assert torch.allclose(quick, slow, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("shape", [Shape(4, 2), Shape(4, 4), Shape(4, partial=2)])
def test_another_number_of_cells_is_refused(shape):
    with pytest.raises(BadValue, match="a depth of 0 or 3, the cells of space 'gold-nas'"):
        SMALL.network(SMALL.choices, shape, IMAGE)


def test_the_depth_may_be_said():
    assert len(SMALL.network(SMALL.choices, Shape(4, 3), IMAGE).cells) == 3


@pytest.mark.parametrize("sizes", [(0, 4), (14, 0)])
def test_a_space_without_cells_is_refused(sizes):
    with pytest.raises(BadValue, match="at least 1 cell with at least 1 node"):
        GoldNas(*sizes)
