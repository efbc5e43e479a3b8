"""Which image goes to which split: stratified, disjoint, a function of the labels and a fixed seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from gapless.core.errors import BadData, BadValue
from gapless.core.streams import Streams

Rows = NDArray[np.int64]

NAMES = ("train", "val", "audit", "test")
SMALLEST_LIMIT = 8


def divide(
    labels: Rows,
    classes: Sequence[str],
    *,
    given_test: NDArray[np.bool_] | None = None,
    limit: int | None = None,
    seed: int = 0,
) -> dict[str, Rows]:
    """Rows of the four splits, each in a fixed random order.

    Without a given test set, a class gives 20 % to ``test`` and 15 % to ``audit``; with one, ``audit``
    gets 10 % of the others. The rest is halved between ``train`` and ``val``.

    Args:
        labels: class of every image, `n`.
        classes: their names.
        given_test: which images are the test set, `n`.
        limit: most images outside ``test`` to keep; ``test`` shrinks in proportion. What is kept
            stays in the split that it has without a limit.
        seed: of the division; it is not the seed of a run.

    Raises:
        BadData: a class has too few images to put one in each split.
        BadValue: the limit is too small for that.
    """
    if limit is not None:
        _check(limit, len(classes))
    streams = Streams(seed)
    parts: dict[str, list[Rows]] = {name: [] for name in NAMES}
    for number, title in enumerate(classes):
        mine = labels == number
        if given_test is None:
            pool, test = np.flatnonzero(mine), None
        else:
            pool, test = np.flatnonzero(mine & ~given_test), np.flatnonzero(mine & given_test)
        pool = streams.generator("split", number).permutation(pool)
        if test is not None:
            test = streams.generator("split/test", number).permutation(test)
        for name, rows in _class(pool, test, number, title).items():
            parts[name].append(rows)
    if limit is not None:
        parts = _limited(parts, limit)
    joined = {name: np.concatenate(rows).astype(np.int64) for name, rows in parts.items()}
    return {name: streams.generator("order/" + name).permutation(rows) for name, rows in joined.items()}


def _check(limit: int, classes: int) -> None:
    least = max(SMALLEST_LIMIT, 3 * classes)
    if limit < least:
        raise BadValue(
            expected=f"a limit of at least {least} images, 3 for each of {classes} classes",
            got=str(limit),
            do="raise the limit or leave it out",
        )


def _class(pool: Rows, test: Rows | None, number: int, title: str) -> dict[str, Rows]:
    need = 4 if test is None else 3
    if len(pool) < need:
        raise BadData(
            expected=f"at least {need} {'images' if test is None else 'training images'} in every class, "
            "one for each split",
            got=f"{len(pool)} in class '{title}'",
            do="add images or remove the class",
        )
    if test is None:
        cut = _share(0.20, len(pool), keep=3)
        audit = _share(0.15, len(pool), keep=cut + 2)
        test, pool = pool[:cut], pool[cut:]
    else:
        audit = _share(0.10, len(pool), keep=2)
    rest = pool[audit:]
    half = (len(rest) + number % 2) // 2  # an odd image goes to either side by turns
    return {"train": rest[half:], "val": rest[:half], "audit": pool[:audit], "test": test}


def _share(share: float, n: int, keep: int) -> int:
    return max(1, min(int(share * n + 0.5), n - keep))


def _limited(parts: Mapping[str, list[Rows]], limit: int) -> dict[str, list[Rows]]:
    names = ("train", "val", "audit")
    counts = np.array([[len(rows) for rows in parts[name]] for name in names])
    kept = apportion(counts.ravel(), limit).reshape(counts.shape)
    tests = np.array([len(rows) for rows in parts["test"]])
    share = max(round(tests.sum() * kept.sum() / counts.sum()), int((tests > 0).sum()))
    take = {**dict(zip(names, kept, strict=True)), "test": apportion(tests, share)}
    return {name: [r[:n] for r, n in zip(parts[name], take[name], strict=True)] for name in NAMES}


def apportion(counts: Rows, total: int) -> Rows:
    """Cut the counts down to a total, in proportion, leaving at least 1 where there was 1.

    Args:
        counts: `k` whole numbers.
        total: what they add up to afterwards, unless they already are fewer.
    """
    if total >= counts.sum():
        return counts
    ideal = counts * (total / counts.sum())
    take: Rows = np.maximum(np.floor(ideal), np.minimum(counts, 1)).astype(np.int64)
    while take.sum() < total:
        take[np.argmax(np.where(take < counts, ideal - take, -np.inf))] += 1
    while take.sum() > total:
        take[np.argmax(np.where(take > 1, take - ideal, -np.inf))] -= 1
    return take
