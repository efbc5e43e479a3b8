"""Distance: how far apart what two networks say of a batch is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import Tensor
from torch.nn import functional

from gapless.core.errors import UnknownName

KINDS = ("smooth-l1", "soft")


@dataclass(frozen=True)
class Distance:
    """``T^2 * D(a, b)`` of two networks' logits `n x classes`, a scalar with a gradient in both.

    D is a mean over all entries: of the smooth L1 distance of a and b (``d^2 / 2`` where d < 1, else
    ``d - 1 / 2``), or for ``soft`` of ``q (log q - log p)``, p and q being the softmax of a / T and b / T.
    Reference: Hinton et al. 2015; researchmm/CDARTS, lib/models/loss.py, interactive types 3 and 0.

    Args:
        kind: ``smooth-l1`` or ``soft``.
        temperature: T.

    Raises:
        UnknownName: no such kind.
    """

    kind: Literal["smooth-l1", "soft"] = "smooth-l1"
    temperature: float = 2.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UnknownName("kind of distance", self.kind, KINDS)

    def __call__(self, a: Tensor, b: Tensor) -> Tensor:
        t = self.temperature
        if self.kind == "smooth-l1":
            return t**2 * functional.smooth_l1_loss(a, b)
        p, q = functional.log_softmax(a / t, 1), functional.log_softmax(b / t, 1)
        return t**2 * (q.exp() * (q - p)).mean()
