"""The gate function: architecture parameters of one group to gate values, by four choices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import torch

from gapless.core.errors import BadValue
from gapless.core.groups import Group, nodes
from gapless.nets.gate import Gate
from gapless.parts.contract import Alpha
from gapless.parts.relax.logits import logits, present

Phi = Literal["exp", "sigmoid"]
Over = Literal["row", "node", "nothing"]
Draw = Literal["nothing", "soft", "straight-through", "sampled"]


def gate(
    alpha: Alpha,
    group: Group,
    phi: Phi = "exp",
    over: Over = "row",
    temperature: float = 1.0,
    draw: Draw = "nothing",
    rng: np.random.Generator | None = None,
) -> Gate:
    """``s(a) = phi(a / t) / sum of phi(a / t) over the entries that it competes with``, drawn or not.

    With Gumbel noise G, and 1[.] the one-hot of the largest entry among those that compete:

    ====================  =====================================  =======================
    draw                  gate in the forward                    its gradient is that of
    ====================  =====================================  =======================
    ``nothing``           s(alpha)                               s(alpha)
    ``soft``              s(alpha + G)                           s(alpha + G)
    ``straight-through``  1[alpha + G]                           s(alpha + G)
    ``sampled``           1[log s(alpha) + G], one draw by s     s(alpha)
    ====================  =====================================  =======================

    Where nothing competes, G is logistic, the difference of two Gumbels, and a hard gate is open where
    ``alpha + G``, or ``alpha / t + G``, is positive. After a hard draw only what was chosen is computed.
    Reference: Jang et al. 2017 and Maddison et al. 2017.

    Args:
        alpha: tables `rows x options`; this group's is read.
        over: what competes: the options of a row, all entries that enter a node, or nothing.
        temperature: t.
        rng: where G is drawn from.

    Raises:
        BadValue: a hard draw of exponentials that do not compete.
    """
    values = alpha[group.name]
    plain = logits(alpha, group, temperature)
    if draw == "nothing":
        return Gate(smooth(plain, group, phi, over), present(group))
    assert rng is not None
    noise = rng.gumbel(size=group.mask.shape)
    if over == "nothing":
        noise = noise - rng.gumbel(size=group.mask.shape)
    drawn = torch.from_numpy(noise).to(values.device, values.dtype)
    noisy = logits({group.name: values + drawn}, group, temperature)
    carried = smooth(plain if draw == "sampled" else noisy, group, phi, over)
    if draw == "soft":
        return Gate(carried, present(group))
    if draw == "sampled":
        noisy = (plain if over == "nothing" else carried.log()) + drawn
    chosen = hardest(noisy.detach(), group, phi, over)
    return Gate(straight(chosen, carried), chosen.cpu().numpy() != 0)


def smooth(values: torch.Tensor, group: Group, phi: Phi, over: Over) -> torch.Tensor:
    """Phi of `rows x options` logits, normalised over what competes."""
    if over == "nothing":
        return torch.exp(values) if phi == "exp" else torch.sigmoid(values)
    if phi == "exp":
        return _apart(values, group, over, lambda x: torch.softmax(x, dim=-1))
    return _apart(torch.sigmoid(values), group, over, lambda x: x / x.sum(-1, keepdim=True))


def hardest(values: torch.Tensor, group: Group, phi: Phi, over: Over) -> torch.Tensor:
    """1 at the largest of the logits that compete, 0 elsewhere."""
    if over != "nothing":
        onehot = torch.nn.functional.one_hot
        return _apart(values, group, over, lambda x: onehot(x.argmax(-1), x.shape[-1]).to(x.dtype))
    if phi == "exp":
        raise BadValue(
            expected="exponentials that compete, or sigmoids, for a hard draw",
            got="exponentials that compete with nothing",
            do="normalise over 'row' or 'node'",
        )
    return (values > 0).to(values.dtype)


def straight(hard: torch.Tensor, carried: torch.Tensor) -> torch.Tensor:
    """The values of ``hard`` exactly, with the gradient of ``carried`` (Bengio et al. 2013)."""
    return hard + (carried - carried.detach())


def _apart(
    values: torch.Tensor, group: Group, over: Over, f: Callable[[torch.Tensor], torch.Tensor]
) -> torch.Tensor:
    """What f gives for each row, or for all the rows of each node laid end to end."""
    if over == "row":
        return f(values)
    entered = nodes(group)
    order = np.argsort(entered, kind="stable")
    blocks = [values[np.flatnonzero(entered == node)] for node in range(entered.max() + 1)]
    stacked = torch.cat([f(block.flatten()).reshape(block.shape) for block in blocks])
    return stacked[np.argsort(order)]
