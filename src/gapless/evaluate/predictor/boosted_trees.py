"""Boosted trees: an ensemble of gradient-boosted regression trees."""

from __future__ import annotations

from dataclasses import dataclass

from gapless.core.errors import BadValue
from gapless.evaluate.predictor.contract import Ensemble, Values, check, check_settings


@dataclass(frozen=True)
class BoostedTrees:
    """Gradient boosting (Friedman 2001) of small trees on what is picked, as Luo et al. 2020 (GBDT-NAS) do.

    Every tree sees a random share of the rows; models of other seeds give the uncertainty.

    Deviation: scikit-learn's trees where the published system has LightGBM's.

    Args:
        trees: of one model.
        depth: of a tree.
        rate: how much of each tree is added.
        share: rows that a tree sees, in (0, 1].
        members: models.
        seed: which rows are drawn.

    Raises:
        BadValue: a number below 1, or a rate or share outside (0, 1].
    """

    trees: int = 60
    depth: int = 3
    rate: float = 0.1
    share: float = 0.7
    members: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        check_settings(trees=(self.trees, 1), depth=(self.depth, 1), members=(self.members, 1))
        if not (0 < self.rate <= 1 and 0 < self.share <= 1):
            raise BadValue(
                expected="rate and share in (0, 1]",
                got=f"rate={self.rate}, share={self.share}",
                do="correct them",
            )

    def fit(self, x: Values, y: Values) -> Ensemble:
        from sklearn.ensemble import GradientBoostingRegressor

        check(x, y)
        share = self.share if int(self.share * len(y)) > 1 else 1.0
        members = [
            GradientBoostingRegressor(  # type: ignore[no-untyped-call]
                n_estimators=self.trees, max_depth=self.depth, learning_rate=self.rate,
                subsample=share, random_state=self.seed + member,
            )
            for member in range(self.members)
        ]  # fmt: skip
        return Ensemble([member.fit(x, y) for member in members])
