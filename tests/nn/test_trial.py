"""What cannot be searched is said in one line, with what to do, before any training."""

from __future__ import annotations

import pytest
import torch
from tests.nn.models import IMAGE, MODELS, Net, conv, inverted
from torch import nn

import gapless
from gapless.core.errors import BadValue
from gapless.data.shape import ImageShape
from gapless.nn import Choose, Kernel, Repeat, Width
from gapless.spaces import from_module

C = 4


def net(**layers):
    return Net(IMAGE, C, **layers)


class Twice(Net):
    def forward(self, x):
        x = self.stem(x)
        return self.classifier(self.op(self.op(x)).mean((2, 3)))


class Idle(Net):
    def forward(self, x):
        return self.classifier(self.stem(x).mean((2, 3)))


class Split(Net):
    def forward(self, x):
        return self.op(self.stem(x)), x


class Odd(nn.Module):
    def forward(self, x):
        return x, x


class Aux(Net):
    """Gives a tuple in training, as networks with an auxiliary head do."""

    def forward(self, x):
        out = super().forward(x)
        return (out, out) if self.training else out


def doubled(module):
    return module.double()


def pair():
    return Choose(a=conv(C, C), b=nn.Identity())


BAD = {
    "two shapes": (
        lambda: net(op=Choose(a=conv(C, C), b=nn.Conv2d(C, C, 3, 2, 1))),
        "options of one output shape at Choose 'op'; got n x 4 x 8 x 8 from 'a' and n x 4 x 4 x 4 from 'b'; "
        "give them equal channels and strides",
    ),
    "no padding": (
        lambda: net(op=Kernel(lambda k: nn.Conv2d(C, C, k), (1, 3))),
        "at Kernel 'op'; got n x 4 x 8 x 8 from '1' and n x 4 x 6 x 6 from '3'; pad by kernel // 2",
    ),
    "fixed channels": (
        lambda: net(op=Width(lambda w: conv(C, w), (2, C))),
        "at Width 'op'; got n x 2 x 8 x 8 from '2' and n x 4 x 8 x 8 from '4'; what reads these channels has "
        "a fixed number of them: build it inside the Width, too",
    ),
    "strides": (
        lambda: net(op=Repeat(lambda i: nn.Conv2d(C, C, 3, 2, 1), (1, 2))),
        "at Repeat 'op'; got n x 4 x 4 x 4 from '1' and n x 4 x 2 x 2 from '2'",
    ),
    "fails": (
        lambda: net(op=Choose(a=nn.Identity(), b=nn.Conv2d(7, C, 1))),
        "option 'b' of Choose 'op' to take n x 4 x 8 x 8; got RuntimeError: Given groups=1",
    ),
    "nested": (
        lambda: net(op=Choose(a=nn.Identity(), b=nn.Sequential(conv(C, C), Choose(c=nn.Conv2d(7, C, 1))))),
        "option 'c' of Choose 'op/b/1' to take n x 4 x 8 x 8",
    ),
    "no tensor": (lambda: net(op=Choose(a=Odd())), "a tensor from option 'a' of Choose 'op'; got tuple"),
    "twice": (lambda: Twice(IMAGE, C, op=pair()), "Choose 'op' used once in a forward; got a second call"),
    "idle": (lambda: Idle(IMAGE, C, op=pair()), "'op' used in the forward of Idle; got no call of it"),
    "classes": (
        lambda: Net(ImageShape(1, 8, 8, 7), C, op=pair()),
        "Net to turn 2 images 1 x 8 x 8 into 2 x 10 logits; got n x 7; end it with a layer of 10 outputs",
    ),
    "no logits": (lambda: Split(IMAGE, C, op=pair()), "into 2 x 10 logits; got tuple"),
    "no logits in training": (lambda: Aux(IMAGE, C, op=pair()), "2 x 10 logits in training, too; got tuple"),
    "in place": (
        lambda: net(op=Choose(a=nn.Sequential(nn.ReLU(inplace=True), conv(C, C)), b=nn.Identity())),
        "option 'a' of Choose 'op' to leave its input as it is; got one that changes it in place, also for "
        "the other options; build its first layer with inplace=False",
    ),
    "in place in training": (
        lambda: net(op=Choose(a=nn.Identity(), b=nn.Dropout(0.5, inplace=True))),
        "option 'b' of Choose 'op' to leave its input as it is",
    ),
    "double": (
        lambda: doubled(net(op=pair())),
        "parameters of Net in float32; got 'stem.0.weight' in torch.float64; call .float() on the module",
    ),
    "image": (
        lambda: Net(ImageShape(3, 8, 8, 10), C, op=pair()),
        "Net to take images 1 x 8 x 8; got RuntimeError: Given groups=1",
    ),
}


@pytest.mark.parametrize(("make", "holds"), BAD.values(), ids=BAD)
def test_it_is_named_in_one_line(make, holds):
    module = make()
    with pytest.raises(BadValue) as error:
        from_module(module, IMAGE)
    assert holds in str(error.value)
    assert "\n" not in str(error.value)


def test_a_search_says_it_before_it_writes_anything(tmp_path):
    make, holds = BAD["fixed channels"]
    with pytest.raises(BadValue) as error:
        gapless.search(space=from_module(make()), data="digits", method="spos", run=tmp_path / "run")
    assert holds in str(error.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("make", "size"), MODELS.values(), ids=MODELS)
def test_what_can_be_searched_is_tried_and_left_as_it_was(make, size):
    module = make(IMAGE)
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    assert from_module(module, IMAGE).size() == size
    assert all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())
    assert module.training


def test_what_is_changed_in_place_behind_the_first_layer_does_no_harm():
    from_module(net(op=Choose(a=nn.Sequential(conv(C, C), nn.ReLU(inplace=True)), b=nn.Identity())), IMAGE)


def test_a_maker_that_fails_is_refused_in_one_line():
    def make(image):
        assert image.height >= 32, "too small"
        return net(op=pair())

    with pytest.raises(BadValue, match="a module for 8 x 8 images; got AssertionError: too small"):
        from_module(make, IMAGE)


def test_every_option_of_every_nesting_is_tried():
    seen = []

    class Watched(nn.Conv2d):
        def forward(self, x):
            seen.append(self.weight.shape)
            return super().forward(x)

    def body(w):
        middle = Kernel(lambda k: Watched(w, w, k, padding=k // 2), (1, 3))
        return nn.Sequential(nn.Conv2d(C, w, 1), middle, nn.Conv2d(w, C, 1))

    from_module(net(op=Width(body, (2, 3)), other=inverted(C, (2,), (1,))), IMAGE)
    assert sorted(set(map(tuple, seen))) == [(2, 2, 1, 1), (2, 2, 3, 3), (3, 3, 1, 1), (3, 3, 3, 3)]
