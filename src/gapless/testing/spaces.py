"""What holds of every search space: run it on your own.

    from gapless.testing.spaces import check_space
    check_space(MySpace())

or one test a property:

    @pytest.mark.parametrize("check", checks(MySpace()), ids=lambda check: check.__name__)
    def test_my_space(check):
        check(MySpace(), IMAGE)

A failure is an `AssertionError` that says what does not hold. Every check is deterministic and takes
seconds at most, with the search shape of the ``quick`` preset.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice

import torch
from torch import nn

from gapless.core import Arch, Path, Space, Streams
from gapless.core.errors import BadValue
from gapless.data.shape import ImageShape
from gapless.nets.gate import Gate, Mix, onehot
from gapless.nets.seeded import seeded
from gapless.nets.window import window
from gapless.spaces.contract import Preset, SearchSpace, Shape, inherit, shares, shares_tensor, subnet
from gapless.testing.require import require

Check = Callable[[SearchSpace, ImageShape], None]

IMAGE = ImageShape(3, 16, 16, 10)
SMALL = 1000
EXACT = 1e-12
RUNS = (
    (ImageShape(1, 8, 8, 2), torch.float64),
    (ImageShape(3, 9, 13, 10), torch.float32),
    (ImageShape(3, 8, 8, 10), torch.float64),
    (ImageShape(1, 28, 28, 10), torch.float32),
)


def samples(space: SearchSpace, n: int) -> Iterator[Arch]:
    """The first, the last, and architectures drawn with a fixed seed; n in all, perhaps repeated."""
    size = space.choices.size()
    rng = Streams(0).generator("testing")
    yield space.choices.at(0)
    yield space.choices.at(size - 1)
    for _ in range(n - 2):
        yield space.choices.sample(rng)


def quick(space: SearchSpace) -> Shape:
    return space.presets["quick"].search


def built(space: SearchSpace, choices: Space, image: ImageShape, seed: int = 0) -> nn.Module:
    """A network of the quick search shape, in float64."""
    with seeded(seed):
        return space.network(choices, quick(space), image).double()


def pictures(image: ImageShape, n: int = 4, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    """``n`` random images of one fixed seed."""
    draw = torch.Generator().manual_seed(0)
    size = (n, image.channels, image.height, image.width)
    return torch.randn(size, generator=draw, dtype=torch.float64).to(dtype)


def mixture(choices: Space, dtype: torch.dtype = torch.float64, seed: int = 1) -> dict[str, Gate]:
    """Positive gate values for every option that is there; they carry gradients."""
    draw = torch.Generator().manual_seed(seed)
    mix = {}
    for group in choices.groups():
        weight = 0.5 + torch.rand(group.mask.shape, generator=draw, dtype=torch.float64)
        weight = weight * torch.from_numpy(group.mask)
        mix[group.name] = Gate(weight.to(dtype).requires_grad_())
    return mix


def warmed(space: SearchSpace, image: ImageShape) -> nn.Module:
    """The super-network in training mode, with running statistics of real forwards."""
    net = built(space, space.choices, image).train()
    with torch.no_grad():
        net(pictures(image), mixture(space.choices))
    return net


def close(a: torch.Tensor, b: torch.Tensor) -> bool:
    return bool(torch.allclose(a, b, rtol=EXACT, atol=EXACT))


def numbering(space: SearchSpace, _image: ImageShape) -> None:
    """``size`` is exact and ``at`` and ``index`` are inverse to each other."""
    choices, size = space.choices, space.size()
    require(size == choices.size(), f"size() is {size}, its choices have {choices.size()} architectures")
    if size <= SMALL:
        distinct = len(set(choices))
        require(distinct == size, f"{distinct} distinct architectures, but size() is {size}")
    for arch in samples(space, 20):
        require(arch in choices, f"a sampled architecture is not in the space: {arch}")
        number = choices.index(arch)
        require(0 <= number < size, f"index {number} of {arch} is not below size() {size}")
        require(choices.at(number) == arch, f"at(index(arch)) is another architecture than {arch}")


def moves(space: SearchSpace, _image: ImageShape) -> None:
    """Mutation, crossover and neighbours stay inside the space."""
    choices, rng = space.choices, Streams(0).generator("moves")
    last = choices.at(0)
    for arch in samples(space, 8):
        changed = choices.mutate(arch, rng)
        require(changed in choices, f"a mutation of {arch} is not in the space: {changed}")
        require(changed != arch or space.size() == 1, f"a mutation changed nothing in {arch}")
        child = choices.crossover(arch, last, rng)
        require(child in choices, f"a crossover is not in the space: {child}")
        for near in islice(choices.neighbours(arch), 5):
            require(near in choices and near != arch, f"no neighbour of {arch}: {near}")
        last = arch


def json_round_trip(space: SearchSpace, _image: ImageShape) -> None:
    """An architecture written as JSON and read again is equal and has the same key."""
    for arch in samples(space, 10):
        back = Arch.from_json(json.loads(json.dumps(arch.to_json())))
        require(back == arch and back.key == arch.key, f"JSON changes the architecture {arch}")


def text_line(space: SearchSpace, _image: ImageShape) -> None:
    """``text`` is one line, and different for different architectures; so is the summary one line."""
    archs = set(samples(space, 20))
    texts = {arch: space.text(arch) for arch in archs}
    for text in (*texts.values(), space.summary, space.name):
        require(bool(text.strip()) and len(text.splitlines()) == 1, f"not one line of text: {text!r}")
    require(len(set(texts.values())) == len(archs), "two architectures have the same text()")


def drawing(space: SearchSpace, _image: ImageShape) -> None:
    """Panels have a title, nodes with distinct ids, and edges between those nodes."""
    for arch in samples(space, 6):
        panels = space.drawing(arch)
        require(bool(panels), f"nothing is drawn of {arch}")
        for panel in panels:
            require(json.loads(json.dumps(panel)) == panel, f"a panel is not plain JSON: {panel}")
            require(bool(panel["title"]) and bool(panel["nodes"]), f"a panel without title or nodes: {panel}")
            ids = [node["id"] for node in panel["nodes"]]
            require(len(set(ids)) == len(ids), f"two nodes of '{panel['title']}' have one id: {ids}")
            for node in panel["nodes"]:
                require({"id", "label", "kind"} <= set(node), f"a node without id, label or kind: {node}")
            for edge in panel["edges"]:
                require({"from", "to", "label"} <= set(edge), f"an edge without from, to or label: {edge}")
                require({edge["from"], edge["to"]} <= set(ids), f"an edge to an unknown node: {edge}")


def single_option_spaces(choices: Space) -> list[Space]:
    """For each option of a leaf choice, the space in which every leaf that has it has nothing else.

    None at all where a leaf picks several options.
    """
    spaces = []
    for name in dict.fromkeys(o for group in choices.groups() for o in group.options):
        leaves = {
            path
            for group in choices.groups()
            for path, may in zip(group.rows, group.pickable, strict=True)
            if name in group.options and may[group.options.index(name)]
        }

        def keep(path: Path, option: str, leaves: set[Path] = leaves, name: str = name) -> bool:
            return path not in leaves or option == name

        try:
            spaces += [choices.restrict(keep)] if leaves else []
        except BadValue:
            return []
    return spaces


def state_names(space: SearchSpace, image: ImageShape) -> None:
    """The state of a smaller network is part of the super-network's, name by name and shape by shape.

    And nothing else is in the super-network: all its state belongs to operations that a smaller network
    has, so architecture values are no part of it.
    """
    whole = {name: tensor.shape for name, tensor in built(space, space.choices, image).state_dict().items()}
    unseen = set(whole)
    singles = single_option_spaces(space.choices)
    for choices in (*singles, *(space.choices.only(arch) for arch in samples(space, 4))):
        for name, tensor in built(space, choices, image).state_dict().items():
            require(name in whole, f"'{name}' of a sub-network is not in the super-network")
            same = shares_tensor(space, whole[name], tensor.shape)
            require(same, f"'{name}' is {tuple(tensor.shape)} in a sub-network, {tuple(whole[name])} in all")
            unseen.discard(name)
    require(not singles or not unseen, f"no sub-network has this state: {', '.join(sorted(unseen)[:3])}")


def inheritance(space: SearchSpace, image: ImageShape) -> None:
    """A sub-network with inherited weights equals the super-network on that path, in both modes.

    In training mode the running statistics that it leaves behind are equal too.
    """
    net, x = warmed(space, image), pictures(image)
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    for arch in samples(space, 4):
        net.load_state_dict(before)
        for training in (False, True):
            net.train(training)
            child = inherit(space, net, arch, quick(space), image)
            mode = "training" if training else "evaluation"
            require(child.training == training, f"the inherited network is not in {mode} mode")
            with torch.no_grad():
                wide, own = net(x, onehot(space.choices, arch)), child(x)
            gap = float((wide - own).abs().max())
            require(close(wide, own), f"in {mode} mode an inherited network is {gap:.1e} off: {arch}")
        after = net.state_dict()
        for name, tensor in child.state_dict().items():
            there = window(after[name], tensor.shape)
            require(close(tensor.double(), there.double()), f"after training mode '{name}' differs")


def zero_gates(space: SearchSpace, image: ImageShape) -> None:
    """In evaluation mode, computing everything with gate values 1 and 0 equals computing one path."""
    net, x = warmed(space, image).eval(), pictures(image)
    for arch in samples(space, 4):
        active = space.choices.active(arch)
        weights = {name: Gate(torch.from_numpy(table).double()) for name, table in active.items()}
        with torch.no_grad():
            gap = float((net(x, weights) - net(x, onehot(space.choices, arch))).abs().max())
        require(gap <= EXACT * 100, f"gate values of 0 and 1 are {gap:.1e} off a single path: {arch}")


def gradients(space: SearchSpace, image: ImageShape) -> None:
    """With every option active, every parameter and every group's gate values get a gradient."""
    net, mix = built(space, space.choices, image).train(), mixture(space.choices)
    logits = net(pictures(image), mix)
    (logits * torch.linspace(-1, 1, logits.numel(), dtype=logits.dtype).view_as(logits)).sum().backward()
    for name, parameter in net.named_parameters():
        useful(f"parameter '{name}'", parameter.grad)
    for name, gate in mix.items():
        useful(f"gate values of '{name}'", None if gate.weight is None else gate.weight.grad)


def useful(what: str, gradient: torch.Tensor | None) -> None:
    if gradient is None:
        raise AssertionError(f"no gradient for {what}")
    require(bool(torch.isfinite(gradient).all()), f"the gradient is not finite for {what}")
    require(bool(gradient.any()), f"the gradient is zero for {what}")


def runs(space: SearchSpace, _image: ImageShape) -> None:
    """Small, odd and large images, 1 and 3 channels, 2 and 10 classes, both precisions, one image alone.

    A space that is made for one ``image`` is asked for that one only.
    """
    only = getattr(space, "image", None)
    for shape, dtype in ((only, torch.float64), (only, torch.float32)) if only else RUNS:
        whole = (space.choices,) if shares(space) else ()
        for choices in (*whole, *(space.choices.only(arch) for arch in samples(space, 2))):
            mix: Mix | None = mixture(choices, dtype) if choices is space.choices else None
            net = built(space, choices, shape).to(dtype)
            for training, n, drop in ((True, 2, 0.5), (False, 1, 0.0)):
                with torch.no_grad(), seeded(0):
                    logits = net.train(training)(pictures(shape, n, dtype), mix, drop)
                fits = logits.shape == (n, shape.classes)
                require(fits, f"logits are {tuple(logits.shape)} for {n} of {shape}")
                require(logits.dtype == dtype, f"logits are {logits.dtype} for images in {dtype}")
                require(bool(torch.isfinite(logits).all()), f"logits are not finite for {shape}")


def no_state(space: SearchSpace, image: ImageShape) -> None:
    """A forward in evaluation mode changes no parameter and no buffer, whatever the gate values.

    Nor does drop path change what evaluation computes.
    """
    net, x = warmed(space, image).eval(), pictures(image)
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    with torch.no_grad():
        first = net(x, mixture(space.choices))
        for arch in samples(space, 3):
            net(x, onehot(space.choices, arch))
        net(x, mixture(space.choices, seed=2))
        after = {name: tensor.clone() for name, tensor in net.state_dict().items()}
        second, dropping = net(x, mixture(space.choices)), net(x, mixture(space.choices), 0.9)
    require(list(after) == list(before), "a forward adds or removes state")
    for name, tensor in before.items():
        require(torch.equal(tensor, after[name]), f"a forward in evaluation mode changes '{name}'")
    require(torch.equal(first, second), "earlier gate values change later logits")
    require(torch.equal(first, dropping), "drop path changes logits in evaluation mode")


def determinism(space: SearchSpace, image: ImageShape) -> None:
    """The same seed makes the same network with the same logits; another seed makes another."""
    choices = space.choices if shares(space) else space.choices.only(next(samples(space, 2)))
    nets = [built(space, choices, image, seed).eval() for seed in (0, 0, 1)]
    first, same, other = (list(net.state_dict().values()) for net in nets)
    pairs = zip(first, same, strict=True)
    require(all(torch.equal(a, b) for a, b in pairs), "the same seed makes another network")
    pairs = zip(first, other, strict=True)
    require(not all(torch.equal(a, b) for a, b in pairs), "another seed makes the same network")
    with torch.no_grad():
        logits = [net(pictures(image), mixture(choices)) for net in nets]
    require(torch.equal(logits[0], logits[1]), "the same network and images give other logits")


def presets(space: SearchSpace, image: ImageShape) -> None:
    """There are presets ``paper`` and ``quick``; all their networks can be built."""
    require({"paper", "quick"} <= set(space.presets), f"presets are {', '.join(space.presets)}")
    arch = next(samples(space, 2))
    for name, preset in space.presets.items():
        require(isinstance(preset, Preset), f"preset '{name}' is a {type(preset).__name__}")
        shapes = [preset.search, preset.deploy]
        if name == "quick":
            shapes.append(replace(preset.search, affine=True, pool_norm=False))
        for shape in shapes:
            net = subnet(space, arch, shape, image)
            require(any(True for _ in net.parameters()), f"preset '{name}' has a network without weights")


CHECKS: tuple[Check, ...] = (
    numbering, moves, json_round_trip, text_line, drawing, state_names, inheritance, zero_gates, gradients,
    runs, no_state, determinism, presets,
)  # fmt: skip


OF_SUPER_NETWORKS = (state_names, inheritance, zero_gates, gradients, no_state)


def checks(space: SearchSpace) -> tuple[Check, ...]:
    """Those that a space can be asked: some are about its super-network, which not every space has."""
    return tuple(check for check in CHECKS if shares(space) or check not in OF_SUPER_NETWORKS)


def check_space(space: SearchSpace, image: ImageShape = IMAGE) -> None:
    """Runs every check that `checks` names.

    Raises:
        AssertionError: something that must hold of a search space does not.
    """
    for check in checks(space):
        check(space, image)
