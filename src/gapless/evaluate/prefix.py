"""Scores of many architectures of a chain: what architectures have in common at their start is computed once.

Architectures are the leaves of a tree whose nodes are their distinct beginnings. The tree is walked depth
first, so that the outputs along one path are all that is held. It is walked in training mode over
calibration batches, which leaves every node its BatchNorm statistics, then in evaluation mode over the
images to score on. The statistics of a layer depend on the layers before it and on nothing else, hence a
node's are those of every architecture that begins with it. For the same reason the numbers of an
architecture do not depend on which others are scored with it, to the last bit.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, islice
from operator import itemgetter
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from gapless.core.errors import BadValue
from gapless.data.shape import ImageShape
from gapless.evaluate.accuracy import Score
from gapless.evaluate.folded import Block, Moments, block, fresh, kept
from gapless.nets.cost import Cost, count
from gapless.spaces.contract import Links

TOGETHER = 1000
"""Architectures whose statistics are held at once; a larger set is scored in such parts."""

HELD = 64 << 20
"""Bytes of the outputs along one path, up to which several batches go down the tree together."""

Path = tuple[str, ...]
"""Name of an option for each level: the stem, every layer, and the tail."""

Compute = Callable[[Path, Sequence[Tensor]], Sequence[Tensor]]
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Piece:
    """One option of one level."""

    module: nn.Module
    block: Block
    cost: Cost


@torch.no_grad()
def scored(
    links: Links,
    archs: Iterable[Sequence[str]],
    image: ImageShape,
    calibration: Callable[[], Iterable[Tensor]] | None,
    validation: Callable[[], Iterable[tuple[Tensor, Tensor]]],
    passed: Callable[[int], None] = lambda batches: None,
) -> dict[Path, tuple[Score, Cost]]:
    """Score and cost of each architecture, by the options of its layers; the modules stay as they are.

    Args:
        archs: option names from the first layer to the last; one that is repeated is scored once.
        image: what the stem takes.
        calibration: gives the batches, `n x c x h x w`, over which BatchNorm statistics are averaged; None
            keeps those that the modules have.
        validation: gives batches of images `n x c x h x w` and classes `n`.
        passed: called with a number of batches when they have gone through one architecture.

    Raises:
        BadValue: an option that the network lacks, or no images.
    """
    paths = sorted({("", *options, "") for options in archs})
    if not paths:
        return {}
    _keep_freed_memory()
    levels, held = _taken_apart(links, paths, image)
    found = {}
    for start in range(0, len(paths), TOGETHER):
        part = paths[start : start + TOGETHER]
        moments = {} if calibration is None else _calibrated(levels, part, calibration(), held, passed)
        scores = _evaluated(levels, part, validation(), held, moments, passed)
        for path, score in scores.items():
            costs = [level[option].cost for level, option in zip(levels, path, strict=True)]
            found[path[1:-1]] = score, Cost(sum(c.parameters for c in costs), sum(c.macs for c in costs))
    return found


def _calibrated(
    levels: Sequence[Mapping[str, Piece]],
    paths: Sequence[Path],
    batches: Iterable[Tensor],
    held: int,
    passed: Callable[[int], None],
) -> dict[Path, Moments]:
    """The statistics of every node."""
    moments: dict[Path, Moments] = {}
    done = 0

    def learn(prefix: Path, xs: Sequence[Tensor]) -> Sequence[Tensor]:
        piece = levels[len(prefix) - 1][prefix[-1]]
        own = moments.setdefault(prefix, fresh(piece.module))
        if len(prefix) < len(levels):
            return [piece.block.learn(x, own, 1 / (done + i)) for i, x in enumerate(xs, 1)]
        for i, x in enumerate(xs, 1):
            piece.block.absorb(x, own, 1 / (done + i))
        return ()

    for xs in _several(batches, len, held):
        for _ in _leaves(paths, xs, learn):
            passed(len(xs))
        done += len(xs)
    return moments


def _evaluated(
    levels: Sequence[Mapping[str, Piece]],
    paths: Sequence[Path],
    batches: Iterable[tuple[Tensor, Tensor]],
    held: int,
    moments: Mapping[Path, Moments],
    passed: Callable[[int], None],
) -> dict[Path, Score]:
    def evaluate(prefix: Path, xs: Sequence[Tensor]) -> Sequence[Tensor]:
        piece = levels[len(prefix) - 1][prefix[-1]]
        forward = piece.block.ready(moments[prefix] if prefix in moments else kept(piece.module))
        return [forward(x) for x in xs]

    n, sums = 0, dict[Path, list[Tensor]]((path, []) for path in paths)
    for pairs in _several(batches, lambda pair: len(pair[1]), held):
        y = torch.cat([classes for _, classes in pairs])
        for path, outs in _leaves(paths, [x for x, _ in pairs], evaluate):
            logits = torch.cat(list(outs))
            logits = logits if logits.dtype == torch.float64 else logits.float()
            right = (logits.argmax(1) == y).sum()
            sums[path].append(
                torch.stack((cross_entropy(logits, y, reduction="sum"), right.to(logits.dtype)))
            )
            passed(len(pairs))
        n += len(y)
    if n == 0:
        raise BadValue(expected="at least one image to score on", got="none", do="choose a split with images")
    scores = {}
    for path, parts in sums.items():
        loss, correct = torch.stack(parts).cpu().double().sum(0).tolist()
        scores[path] = Score(int(correct), n, loss / n)
    return scores


def _leaves(
    paths: Iterable[Path], xs: Sequence[Tensor], compute: Compute, level: int = 0
) -> Iterator[tuple[Path, Sequence[Tensor]]]:
    """Each path, all different and sorted, with its outputs; every distinct prefix is computed once."""
    for _, group in groupby(paths, key=itemgetter(level)):
        below = list(group)
        prefix = below[0][: level + 1]
        ys = compute(prefix, xs)
        if prefix == below[0]:
            yield prefix, ys
        else:
            yield from _leaves(below, ys, compute, level + 1)


def _several(batches: Iterable[T], images: Callable[[T], int], held: int) -> Iterator[list[T]]:
    """Batches in lists of about ``held`` images, at least one batch each."""
    rest = iter(batches)
    for first in rest:
        yield [first, *islice(rest, max(0, held // images(first) - 1))]


def _taken_apart(
    links: Links, paths: Sequence[Path], image: ImageShape
) -> tuple[list[dict[str, Piece]], int]:
    """Each level's options that are in use, as copies; and how many images may go down together."""
    links = copy.deepcopy(links)
    like = next(links.tail.parameters())
    x = torch.zeros(1, image.channels, image.height, image.width, dtype=like.dtype, device=like.device)
    levels, numbers = list[dict[str, Piece]](), 0
    for i, options in enumerate(({"": links.stem}, *links.layers.values(), {"": links.tail})):
        used = dict.fromkeys(path[i] for path in paths)
        for option in used:
            if option not in options:
                raise BadValue(
                    expected=f"an option that layer {i} of the network has: {', '.join(options)}",
                    got=f"'{option}'",
                    do="propose from the choices that it was built with",
                )
        shape = replace(image, channels=x.shape[1], height=x.shape[2], width=x.shape[3])
        modules = {option: options[option].to(memory_format=_layout(x)).eval() for option in used}
        levels.append({o: Piece(m, block(m), count(m, shape)) for o, m in modules.items()})
        x = next(iter(modules.values()))(x)
        numbers += x.numel()
    return levels, max(1, HELD // (numbers * x.element_size()))


def _layout(x: Tensor) -> torch.memory_format:
    """Channels last is what convolutions are fastest in on a CPU."""
    return torch.channels_last if x.device.type == "cpu" else torch.contiguous_format


def _keep_freed_memory() -> None:
    """The C library of Linux gives freed memory back at once, until a piece this large has been freed.

    A page that is taken anew has to be cleared: that took a third of the time of a walk.
    """
    torch.empty(31 << 20, dtype=torch.uint8)
