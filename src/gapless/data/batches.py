"""A data set whose batches are a function of (seed, step)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from gapless.core.errors import BadValue, UnknownName
from gapless.core.streams import Streams
from gapless.data.augment import Augment, crop, draw, erase
from gapless.data.images import Images, Rows
from gapless.data.policy import Policy
from gapless.data.shape import ImageShape

Names = str | tuple[str, ...]

_SAMPLE = 10_000
_CHUNK = 1024


@dataclass(frozen=True, eq=False)
class Split:
    """Some of the images: their rows in the source and their classes, `n` each, in a fixed random order."""

    rows: Rows
    labels: Rows

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, eq=False)
class Data:
    """Images, their classes, and how they are split.

    Args:
        name: what the user typed.
        classes: their names, in the order of the labels.
        shape: of one image, and the number of classes.
        mean: of the ``train`` split, `c`, where white is 1 (raw values for floating-point images).
        std: likewise; 1 where a channel is constant.
        splits: ``train`` and ``val`` for the two halves of a search, ``audit``, ``test``; disjoint.
        augment: what is recommended for training; ``batch`` applies only what it is given.
        images: where the raw images come from.
        coarse: each pixel of a batch is the mean of so many by so many of the raw image; see `coarsened`.
    """

    name: str
    classes: tuple[str, ...]
    shape: ImageShape
    mean: tuple[float, ...]
    std: tuple[float, ...]
    splits: Mapping[str, Split]
    augment: Augment
    images: Images
    coarse: int = 1

    def coarsened(self, side: int) -> Data:
        """The same images of fewer pixels: the mean over whole squares, of the least side that leaves no
        more than ``side`` pixels of the shorter side; the images themselves where they have no more.

        What squares do not fill at the right and at the bottom is left out.

        Raises:
            BadValue: a side below 1.
        """
        if side < 1:
            raise BadValue(expected="a side of at least 1 pixel", got=str(side), do="raise it")
        shape, by = self.shape, -(-min(self.shape.height, self.shape.width) // side)
        if by == 1:
            return self
        smaller = replace(shape, height=shape.height // by, width=shape.width // by)
        return replace(self, shape=smaller, coarse=self.coarse * by)

    def size(self, split: Names) -> int:
        """Number of images in a split, or in the union of several."""
        return sum(len(part) for part in self._parts(split))

    def steps(self, split: Names, batch: int) -> int:
        """Steps an epoch: full batches only, or one with the whole split where that is smaller than a batch.

        Raises:
            BadValue: a batch below 2 images, which batch normalisation cannot train on.
        """
        if batch < 2:
            raise BadValue(expected="a batch of at least 2 images", got=str(batch), do="raise it")
        return max(1, self.size(split) // batch)

    def batch(
        self,
        split: Names,
        step: int,
        batch: int,
        streams: Streams,
        device: torch.device | str,
        dtype: torch.dtype = torch.float32,
        augment: Augment | None = None,
        policies: Sequence[Policy] = (),
    ) -> tuple[Tensor, Tensor]:
        """Batch number ``step``, the same whenever and wherever it is asked for.

        Every epoch visits the images in an order of its own. On another device or in another process the
        same images come, augmented alike.

        Args:
            split: a name, or a tuple of names for their union.
            step: counted over the whole run, from 0.
            batch: images a step, at least 2.
            augment: what to do to the images; nothing where None.
            policies: what else, one after the other, after flip and shift and before cutout.

        Returns:
            Normalised images `n x c x h x w` of ``dtype`` and classes `n` of ``int64``.

        Raises:
            BadValue: a batch below 2, a negative step, an augmentation larger than the images.
            UnknownName: no such split.
        """
        steps = self.steps(split, batch)
        if step < 0:
            raise BadValue(expected="a step >= 0", got=str(step), do="count steps from 0")
        device, key = torch.device(device), _key(split)
        picked = self._picked(split, step, batch, steps, streams)
        rows, labels = self._union(split)
        raw = self.images.read(rows[picked], device)
        if self.images.lazy:
            self.images.expect(rows[self._picked(split, step + 1, batch, steps, streams)])
        y = torch.from_numpy(labels[picked]).to(device)
        augment = Augment() if augment is None else augment
        if augment == Augment() and not policies:
            return self._seen(self._normalise(raw, dtype)), y
        augment.fits(raw.shape[2], raw.shape[3])
        chance = draw(len(picked), streams.integer("augment/" + key, step))
        raw = crop(raw, augment, chance)
        for i, policy in enumerate(policies):
            raw = policy(raw, streams.integer("policy/" + key, step, i))
        return self._seen(erase(self._normalise(raw, dtype), augment, chance)), y

    def ordered(
        self,
        split: Names,
        batch: int,
        device: torch.device | str,
        dtype: torch.dtype = torch.float32,
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """The whole split once in its fixed order, not augmented; the last batch holds the remainder.

        The order is random over classes, so the first batches are a fair sample. Shapes as in ``batch``.

        Raises:
            BadValue: a batch below 1.
            UnknownName: no such split.
        """
        if batch < 1:
            raise BadValue(expected="a batch of at least 1 image", got=str(batch), do="raise it")
        rows, labels = self._union(split)
        return self._ordered(rows, labels, batch, torch.device(device), dtype)

    def _ordered(
        self, rows: Rows, labels: Rows, batch: int, device: torch.device, dtype: torch.dtype
    ) -> Iterator[tuple[Tensor, Tensor]]:
        for start in range(0, len(rows), batch):
            stop = start + batch
            raw = self.images.read(rows[start:stop], device)
            if self.images.lazy and stop < len(rows):
                self.images.expect(rows[stop : stop + batch])
            y = torch.from_numpy(labels[start:stop].copy()).to(device)
            yield self._seen(self._normalise(raw, dtype)), y

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over shape, classes, splits, labels and image bytes (file names and sizes where lazy)."""
        digest = hashlib.sha256(f"{self.shape} {self.classes} {self.images.digest()}".encode())
        for name in sorted(self.splits):
            part = self.splits[name]
            digest.update(name.encode() + b"\0" + part.rows.tobytes() + part.labels.tobytes())
        return digest.hexdigest()

    def _parts(self, split: Names) -> list[Split]:
        names = (split,) if isinstance(split, str) else split
        for name in names:
            if name not in self.splits:
                raise UnknownName("split", str(name), self.splits)
        if not names or len(set(names)) < len(names):
            raise BadValue(
                expected="one or more different splits", got=f"{names!r}", do="name each split once"
            )
        return [self.splits[name] for name in names]

    def _union(self, split: Names) -> tuple[Rows, Rows]:
        parts = self._parts(split)
        if len(parts) == 1:
            return parts[0].rows, parts[0].labels
        return np.concatenate([p.rows for p in parts]), np.concatenate([p.labels for p in parts])

    def _picked(self, split: Names, step: int, batch: int, steps: int, streams: Streams) -> Rows:
        epoch, place = divmod(step, steps)
        order = _order(streams, "data/" + _key(split), epoch, self.size(split))
        return order[place * batch : (place + 1) * batch]

    def _seen(self, x: Tensor) -> Tensor:
        return x if self.coarse == 1 else functional.avg_pool2d(x, self.coarse)

    def _normalise(self, raw: Tensor, dtype: torch.dtype) -> Tensor:
        exact = torch.float64 if dtype == torch.float64 else torch.float32
        centre, scale = _affine(self.mean, self.std, self.images.full, raw.device, exact)
        return raw.to(exact).sub(centre).mul_(scale).to(dtype)


def assemble(
    name: str,
    classes: Sequence[str],
    labels: Rows,
    plan: Mapping[str, Rows],
    load: Callable[[Rows], Images],
    augment: Augment,
) -> Data:
    """A data set from a plan of its splits; only the images that the plan uses are loaded.

    Args:
        labels: class of every image that exists, `n`.
        plan: rows of each split.
        load: the images of the given rows, in that order.
    """
    used = np.sort(np.concatenate(list(plan.values())))
    images = load(used)
    splits = {key: Split(np.searchsorted(used, rows), labels[rows]) for key, rows in plan.items()}
    mean, std = statistics(images, splits["train"].rows)
    form = images.form
    shape = ImageShape(form.channels, form.height, form.width, len(classes))
    return Data(name, tuple(classes), shape, mean, std, splits, augment, images)


def statistics(images: Images, rows: Rows) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel, `c` each, where white is 1.

    Over all given rows in memory; over 10,000 of them where every image has to be decoded.
    """
    if images.lazy:
        rows = rows[:_SAMPLE]
    count = len(rows) * images.form.height * images.form.width
    total = torch.zeros(images.form.channels, dtype=torch.float64)
    square = torch.zeros_like(total)
    for start in range(0, len(rows), _CHUNK):
        raw = images.read(rows[start : start + _CHUNK], torch.device("cpu")).double() / images.full
        total += raw.sum((0, 2, 3))
        square += raw.square().sum((0, 2, 3))
    mean = total / count
    std = (square / count - mean.square()).clamp_min(0).sqrt()
    std[std <= 1e-6 * mean.abs().clamp_min(1e-6)] = 1.0
    return tuple(mean.tolist()), tuple(std.tolist())


def _key(split: Names) -> str:
    return split if isinstance(split, str) else "+".join(split)


@lru_cache(maxsize=8)
def _order(streams: Streams, name: str, epoch: int, n: int) -> Rows:
    order = streams.generator(name, epoch).permutation(n)
    order.flags.writeable = False
    return order


@lru_cache(maxsize=64)
def _affine(
    mean: tuple[float, ...], std: tuple[float, ...], full: float, device: torch.device, dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    m, s = (torch.tensor(v, dtype=torch.float64).view(-1, 1, 1) for v in (mean, std))
    return (full * m).to(device, dtype), (1 / (full * s)).to(device, dtype)
