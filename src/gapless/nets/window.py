"""Window: the part of a tensor that a smaller network shares."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from gapless.core.errors import BadValue


def window(tensor: torch.Tensor, shape: Sequence[int]) -> torch.Tensor:
    """The view of this shape: the first channels, and the centre of kernels.

    Dimensions 0 and 1 (channels out and in, features) keep their first entries, the others, which are those
    of kernels, their central ones. A tensor of that shape already is given as it is.
    Reference: Yu et al. 2019 (slimmable networks) for channels; Cai et al. 2020 (Once-for-All), section 3.3,
    for centres of kernels, without the learned transformation that follows there.

    Raises:
        BadValue: another number of dimensions, or a dimension larger than the tensor's.
    """
    if tensor.dim() != len(shape) or any(n > m for n, m in zip(shape, tensor.shape, strict=True)):
        raise BadValue(
            expected=f"a shape within {tuple(tensor.shape)}",
            got=f"{tuple(shape)}",
            do="share between tensors of one number of dimensions, the larger one as the store",
        )
    if tuple(shape) == tuple(tensor.shape):
        return tensor
    for i, n in enumerate(shape):
        tensor = tensor.narrow(i, 0 if i < 2 else (tensor.shape[i] - n) // 2, n)
    return tensor
