"""jacob-cov: how differently a network answers to different images."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

from gapless.evaluate.zerocost.replica import gradients, replica
from gapless.nets import fast

K = 1e-5


def jacob_cov(net: nn.Module, images: Tensor, labels: Tensor, seed: int = 0) -> float:
    """``-sum_i log(v_i + k) + 1 / (v_i + k)``, v the eigenvalues of the correlation of Jacobians.

    A row of the Jacobian is the derivative of the sum of all logits by one image; training mode, k = 1e-5.
    Reference: Mellor et al. 2020 (first version of NASWOT), eq. 4; SamsungLabs/zero-cost-nas,
    measures/jacob_cov.py. Deviation: -inf where an image has no influence, so that nothing is correlated.
    """
    twin = replica(net)
    given = images.detach().clone().requires_grad_()
    with torch.enable_grad(), fast.plain():
        answer = twin(given.clone()).sum()  # a copy, since the first layer may work in place
    (jacobian,) = gradients(answer, [given])
    rows = jacobian.flatten(1).double().cpu().numpy()
    if (rows.std(1) == 0).any():
        return -math.inf
    spectrum = np.linalg.eigvalsh(np.corrcoef(rows)).clip(min=0)
    return -float(np.sum(np.log(spectrum + K) + 1 / (spectrum + K)))
