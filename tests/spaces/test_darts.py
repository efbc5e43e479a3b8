"""The DARTS space: exact sizes, published parameter counts, text."""

from __future__ import annotations

import pytest

from gapless.core import Arch, Space
from gapless.core.errors import BadValue
from gapless.data.shape import ImageShape
from gapless.nets.cost import count
from gapless.spaces.contract import Shape, subnet
from gapless.spaces.darts import Darts

SPACE = Darts()
CIFAR = ImageShape(3, 32, 32, 10)

# chenxin061/pdarts, genotypes.py, PDARTS: (operation, source), two for each node.
PDARTS = {
    "normal": [
        ("skip_connect", 0), ("dil_conv_3x3", 1), ("skip_connect", 0), ("sep_conv_3x3", 1),
        ("sep_conv_3x3", 1), ("sep_conv_3x3", 3), ("sep_conv_3x3", 0), ("dil_conv_5x5", 4),
    ],
    "reduce": [
        ("avg_pool_3x3", 0), ("sep_conv_5x5", 1), ("sep_conv_3x3", 0), ("dil_conv_5x5", 2),
        ("max_pool_3x3", 0), ("dil_conv_3x3", 1), ("dil_conv_3x3", 1), ("dil_conv_5x5", 3),
    ],
}  # fmt: skip


def from_genotype(genotype):
    return Arch.of({
        f"{kind}/{node + 2}": {str(source): {"op": o} for o, source in pairs[2 * node : 2 * node + 2]}
        for kind, pairs in genotype.items()
        for node in range(4)
    })  # fmt: skip


def test_sizes():
    assert Space(SPACE.choices.choices[:4]).size() == 1_037_664_180
    assert SPACE.size() == 1_037_664_180**2 == 1_076_746_950_455_072_400
    groups = SPACE.choices.groups()
    assert [(g.name, len(g.rows), len(g.options)) for g in groups] == [("normal", 14, 8), ("reduce", 14, 8)]


def test_published_super_network_parameters():
    """quark0/darts, train_search.py prints ``param size = 1.930618MB`` at its defaults."""
    net = SPACE.network(SPACE.choices, SPACE.presets["paper"].search, CIFAR)
    assert sum(p.numel() for p in net.parameters()) == 1_930_618


def test_published_stand_alone_parameters():
    """P-DARTS without the auxiliary head has 3,433,798 parameters (chenxin061/pdarts, issue 7)."""
    net = subnet(SPACE, from_genotype(PDARTS), SPACE.presets["paper"].deploy, CIFAR)
    assert count(net, CIFAR).parameters == 3_433_798


def test_text():
    normal, reduce = SPACE.text(from_genotype(PDARTS)).split("; ")
    assert normal.startswith("normal: 2<-0 skip_connect, 2<-1 dil_conv_3x3, 3<-0 skip_connect, 3<-1 sep_conv")
    assert reduce.endswith("5<-1 dil_conv_3x3, 5<-3 dil_conv_5x5")


def test_no_depth_is_refused():
    with pytest.raises(BadValue, match="depth"):
        SPACE.network(SPACE.choices, Shape(16), CIFAR)
