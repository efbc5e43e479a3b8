"""fisher: how much the loss would change if a channel were zero."""

from __future__ import annotations

from torch import Tensor, nn

from gapless.evaluate.zerocost.replica import Layer, gradients, layers, loss, replica, total


def fisher(net: nn.Module, images: Tensor, labels: Tensor, seed: int = 0) -> float:
    """``sum_l m_l sum_k 1/(2n) sum_i (sum_xy a_ikxy dL/da_ikxy)^2`` over weighted layers, in training mode.

    a is the output of layer l, k a channel, i an image, m_l the number of weights that make one channel.
    Reference: Turner et al. 2020 (BlockSwap), eq. 3; Theis et al. 2018. That a channel counts once for each
    of its weights is SamsungLabs/zero-cost-nas, measures/fisher.py, and so is the gradient of the mean loss.
    """
    twin = replica(net)
    outputs: list[tuple[Layer, Tensor]] = []

    def note(layer: nn.Module, _inputs: object, out: Tensor) -> Tensor:
        assert isinstance(layer, Layer)
        outputs.append((layer, out))
        return out.clone()  # what follows may overwrite it

    for layer in layers(twin):
        layer.register_forward_hook(note)
    value = loss(twin, images, labels)
    live = [(layer, out) for layer, out in outputs if out.requires_grad]
    slopes = gradients(value, [out for _, out in live])
    return total([_channels(*pair, g) for pair, g in zip(live, slopes, strict=True)])


def _channels(layer: Layer, out: Tensor, slope: Tensor) -> Tensor:
    """`n x k x h x w`, or `n x k`, to what each of k channels counts."""
    felt = (out * slope).flatten(2).sum(2) if out.dim() > 2 else out * slope
    return felt.square().mean(0) / 2 * layer.weight[0].numel()
