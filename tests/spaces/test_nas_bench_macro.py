"""NAS-Bench-Macro: its strings, and costs as the benchmark's table has them."""

from __future__ import annotations

import pytest
import torch

from gapless.core.errors import BadValue
from gapless.data.shape import ImageShape
from gapless.nets.cost import count
from gapless.spaces.contract import Shape, subnet
from gapless.spaces.nas_bench_macro import NasBenchMacro

CIFAR = ImageShape(3, 32, 32, 10)
TABLE = {
    "00000000": (387_882, 7_713_280),
    "11111111": (1_588_874, 53_246_464),
    "22222222": (2_932_586, 105_660_928),
    "02012100": (890_666, 47_327_744),
    "11111221": (2_181_386, 65_012_224),
    "00011110": (1_118_378, 31_390_208),
    "10220212": (2_211_722, 64_287_232),
    "22212220": (1_985_514, 85_164_544),
}
"""``params`` and ``flops`` of data/nas-bench-macro_cifar10.json; its FLOPs are what we call MACs."""


@pytest.mark.parametrize("text", TABLE)
def test_costs_of_the_table(text):
    space = NasBenchMacro()
    with torch.device("meta"):
        net = subnet(space, space.from_string(text), Shape(32), CIFAR)
    cost = count(net, CIFAR)
    assert (cost.parameters, cost.macs) == TABLE[text]
    assert not any(isinstance(module, torch.nn.ReLU6) for module in net.modules())


def test_strings():
    space = NasBenchMacro()
    assert space.size() == 3**8 == 6561
    texts = {space.arch_string(arch) for arch in space.choices}
    assert len(texts) == 6561
    assert space.text(space.from_string(" 02012100\n")) == "02012100"
    assert space.from_string("02012100").option("layer1") == "k5e6"
    for wrong in ("", "0201210", "020121000", "02012103", "0201210x", "-2012100", "٠٢٠١٢١٠٠"):
        with pytest.raises(BadValue):
            space.from_string(wrong)
