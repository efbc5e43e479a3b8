"""Networks of cells with random everything, and all that one forward and backward of them says."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from gapless.nets import fast
from gapless.nets.gate import Gate
from gapless.nets.mixed import Mixed
from gapless.nets.statistics import still
from gapless.spaces.darts import Darts

SPACE = Darts()


def built(shape, image, dtype=torch.float64, space=SPACE, training=True):
    torch.manual_seed(0)
    net = space.network(space.choices, shape, image).to(dtype)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, 0, 0.2)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            if module.affine:
                nn.init.normal_(module.weight, 1, 0.3)
                nn.init.normal_(module.bias, 0, 0.3)
    return net.train(training)


def mixture(dtype=torch.float64, space=SPACE, seed=0, active=None):
    generator = torch.Generator().manual_seed(seed)
    alpha = {
        g.name: torch.randn(len(g.rows), len(g.options), dtype=dtype, generator=generator).requires_grad_()
        for g in space.choices.groups()
    }
    return alpha, {
        n: Gate(torch.softmax(a, -1), None if active is None else active[n]) for n, a in alpha.items()
    }


def random_masks(space, seed, share):
    rng = np.random.default_rng(seed)
    return {g.name: (rng.random(g.mask.shape) < share) & g.mask for g in space.choices.groups()}


def computed(way, net, *arguments):
    """What ``net`` returns when it is computed this way, and no other."""
    with fast.only(way), pytest.MonkeyPatch.context() as patch:
        if way != "plain":
            patch.setattr(Mixed, "forward", lambda *_: pytest.fail("the plain list was used"))
        out = net(*arguments)
    if out.grad_fn is not None:
        assert ("_RunBackward" in names_of(out.grad_fn)) == (way == "native")
    return out


def everything(way, net, image, n, mix, alpha=None, weights=True):
    """Logits, every gradient and every buffer of one forward and backward, by name."""
    before = {name: value.clone() for name, value in net.state_dict().items()}
    generator = torch.Generator().manual_seed(1)
    dtype = next(net.parameters()).dtype
    x = torch.randn(n, image.channels, image.height, image.width, generator=generator).to(dtype)
    y = torch.randint(0, image.classes, (n,), generator=generator)
    wanted = dict(net.named_parameters()) if weights else {}
    wanted |= {f"alpha/{name}": value for name, value in (alpha or {}).items()}
    logits = computed(way, net, x, mix)
    gradients = torch.autograd.grad(
        functional.cross_entropy(logits, y), list(wanted.values()), allow_unused=True, retain_graph=False
    )
    found = {"logits": logits.detach()}
    found |= {name: g for name, g in zip(wanted, gradients, strict=True) if g is not None}
    found |= {f"buffer/{name}": value.clone().double() for name, value in net.named_buffers()}
    net.load_state_dict(before)
    return found


def rounding(way, shape, image, n):
    """Median over all numbers of their distance in float32 from the plain list's in float64."""
    alpha, mix = mixture()
    exact = everything("plain", built(shape, image), image, n, mix, alpha)
    alpha = {name: value.detach().float().requires_grad_() for name, value in alpha.items()}
    mix = {name: Gate(torch.softmax(a, -1)) for name, a in alpha.items()}
    net = built(shape, image, torch.float32)
    net.load_state_dict(built(shape, image).state_dict())
    if way == "plain":
        net = net.to(memory_format=torch.channels_last)
    found = everything(way, net, image, n, mix, alpha)
    off = [
        ((found[name].double() - value).norm() / value.norm()).item()
        for name, value in exact.items()
        if value.norm() > 1e-9
    ]
    return float(np.median(off))


def along_alpha(way, net, x, space):
    """The slope along alpha of the gradient of the weights, by automatic differentiation of it."""
    alpha, mix = mixture(space=space)
    with still(net):
        loss = functional.cross_entropy(computed(way, net, x, mix), torch.arange(len(x)))
    slopes = torch.autograd.grad(loss, list(net.parameters()), create_graph=True)
    found = torch.autograd.grad(sum((g * g.detach().sign()).sum() for g in slopes), list(alpha.values()))
    return dict(zip(alpha, found, strict=True))


def names_of(node):
    seen, todo = set(), [node]
    while todo:
        current = todo.pop()
        if current is not None and current not in seen:
            seen.add(current)
            todo += [following for following, _ in current.next_functions]
    return {type(each).__name__ for each in seen}


def assert_equal(one, other, tolerance):
    """Relative to the largest entry; where a gradient vanishes, to a ten-thousandth of the largest of all."""
    assert one.keys() == other.keys()
    largest = max(value.abs().max().item() for name, value in one.items() if "buffer" not in name)
    wrong = {}
    for name, value in one.items():
        scale = max(value.abs().max().item(), 1e-4 * largest)
        error = (value - other[name]).abs().max().item() / scale
        if not error <= tolerance:
            wrong[name] = error
    assert not wrong
