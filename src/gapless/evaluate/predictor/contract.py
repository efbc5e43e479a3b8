"""What a predictor is: a regressor as scikit-learn has them, from architectures to what they score.

    model = predictor.fit(features(predictor, space, archs), values)
    model.predict(features(predictor, space, others))

Predictors of ours are frozen settings, and ``fit`` gives a model of its own, the same whenever it is given
the same. A regressor of scikit-learn is a predictor too: `fitted` fits a copy of it.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from gapless.core import Arch, Space
from gapless.core.errors import BadValue

Values = NDArray[np.float64]


class Model(Protocol):
    """What was fitted."""

    def predict(self, x: Values) -> Values:
        """Features `n x ...` to predictions `n`; higher is better."""
        ...


class Predictor(Protocol):
    def fit(self, x: Values, y: Values) -> Model:
        """Learns from features `n x ...` and values `n`, higher being better.

        Raises:
            BadValue: no rows, as many values as rows not given, or a number that is not finite.
        """
        ...


@runtime_checkable
class Uncertain(Protocol):
    """A model that knows how sure it is."""

    def moments(self, x: Values) -> tuple[Values, Values]:
        """Mean and standard deviation of the prediction, `n` each."""
        ...


@runtime_checkable
class Featured(Protocol):
    """A predictor that reads architectures as something else than `Space.encode`."""

    def features(self, space: Space, archs: Sequence[Arch]) -> Values:
        """Architectures to `n x ...`."""
        ...


def features(predictor: Predictor, space: Space, archs: Sequence[Arch]) -> Values:
    """What the predictor reads of architectures; `Space.encode` of each, `n x options`, unless it says.

    Raises:
        BadValue: not an architecture of the space.
    """
    if isinstance(predictor, Featured):
        return predictor.features(space, archs)
    return np.array([encoded(space, arch) for arch in archs]) if archs else np.zeros((0, 0))


@lru_cache(maxsize=1 << 14)
def encoded(space: Space, arch: Arch) -> Values:
    """`Space.encode`, kept: explorers ask again and again for what is in their history. Not to be changed.

    Raises:
        BadValue: not an architecture of the space.
    """
    found = space.encode(arch)
    found.setflags(write=False)
    return found


def fitted(predictor: Predictor, x: Values, y: Values) -> Model:
    """The predictor's model; the predictor itself stays as it was.

    Raises:
        BadValue: as `Predictor.fit`.
    """
    check(x, y)
    return copy.deepcopy(predictor).fit(x, y)


def moments(model: Model, x: Values) -> tuple[Values, Values]:
    """Mean and standard deviation, `n` each; the latter 0 for a model that does not know it."""
    if isinstance(model, Uncertain):
        return model.moments(x)
    return model.predict(x), np.zeros(len(x))


@dataclass(frozen=True)
class Ensemble:
    """The mean of several models, and their standard deviation as the uncertainty.

    Beluch et al. 2018, as used by White, Neiswanger & Savani 2021 (BANANAS), section 4.
    """

    members: Sequence[Model]

    def predict(self, x: Values) -> Values:
        return self.moments(x)[0]

    def moments(self, x: Values) -> tuple[Values, Values]:
        each = np.array([member.predict(x) for member in self.members])
        return each.mean(0), each.std(0)


def check(x: Values, y: Values) -> None:
    """Raises:
    BadValue: what no predictor can learn from.
    """
    if len(x) == 0 or np.shape(y) != (len(x),) or not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise BadValue(
            expected="at least one row of finite numbers, and one finite value for each",
            got=f"rows of shape {np.shape(x)} and values of shape {np.shape(y)}, perhaps not all finite",
            do="give records of which each has a finite value",
        )


def check_settings(**least: tuple[Any, Any]) -> None:
    """Each setting with the least that it may be.

    Raises:
        BadValue: one is below.
    """
    low = {name: bound for name, (value, bound) in least.items() if value < bound}
    if low:
        raise BadValue(
            expected=" and ".join(f"{name} >= {bound}" for name, bound in low.items()),
            got=", ".join(f"{name}={least[name][0]}" for name in low),
            do="raise it" if len(low) == 1 else "raise them",
        )
