"""naswot: how well ReLUs tell images apart."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from gapless.evaluate.zerocost.calls import Calls
from gapless.evaluate.zerocost.replica import replica
from gapless.nets import fast

RELUS = frozenset({
    functional.relu, functional.relu6, functional.relu_, torch.relu, torch.relu_, Tensor.relu, Tensor.relu_,
    functional.hardtanh,
})  # fmt: skip
"""The last is what `nn.ReLU6` calls."""


def naswot(net: nn.Module, images: Tensor, labels: Tensor, seed: int = 0) -> float:
    """``log |det K|``, ``K_ij`` the number of ReLUs that are both on or both off for images i and j.

    Training mode; only ReLUs on which the logits depend. -inf where two images cannot be told apart.
    Reference: Mellor et al. 2021 (NASWOT), eq. 2 and 3; BayesWatch/nas-without-training, score_networks.py.
    ReLU6 counts as a ReLU.
    """
    twin = replica(net)
    seen: list[tuple[Tensor, Tensor]] = []

    def note(_given: Tensor, out: Tensor) -> None:
        on = (out > 0).flatten(1).to(images.dtype)
        off = 1 - on
        # Sums of ones: exact in single precision up to 2^24 of them.
        kernel = (on @ on.T).double() + (off @ off.T).double()
        seen.append((out, kernel))

    with torch.enable_grad(), fast.plain(), Calls(RELUS, note):
        answer = twin(images.detach().clone().requires_grad_().clone()).sum()
    live = [(out, kernel) for out, kernel in seen if out.requires_grad]
    if not live or not answer.requires_grad:
        return float("-inf")
    reached = torch.autograd.grad(answer, [out for out, _ in live], allow_unused=True)
    kernels = [kernel for (_, kernel), slope in zip(live, reached, strict=True) if slope is not None]
    if not kernels:
        return float("-inf")
    return float(torch.linalg.slogdet(torch.stack(kernels).sum(0)).logabsdet)
