"""What paths learn from labels and from a teacher, on plain tensors (Yu & Huang 2019; Cai et al. 2020).

For a pupil the loss is ``labels * CE(z, y) - soft * mean_i sum_c p_ic log q_ic``, p the teacher's softmax
and q the pupil's; CE and the mean are over the batch. The teacher is a constant in it.
"""

import torch
from tests.oracles import chain
from tests.oracles.darts import sgd
from torch.nn import functional


def taught(batch, picks, told, w, widths, strides, labels, soft):
    """The gradient of one pupil."""
    x, y = batch
    w = {name: value.detach().clone().requires_grad_() for name, value in w.items()}
    z = chain.logits(x, picks, w, widths, strides)
    q = torch.exp(z) / torch.exp(z).sum(1, keepdim=True)
    p = torch.exp(told) / torch.exp(told).sum(1, keepdim=True)
    loss = labels * functional.cross_entropy(z, y) - soft * (p * torch.log(q)).sum(1).mean()
    found = torch.autograd.grad(loss, list(w.values()), allow_unused=True)
    return {name: g for name, g in zip(w, found, strict=True) if g is not None}


def added(gradients):
    total = {}
    for gradient in gradients:
        for name, g in gradient.items():
            total[name] = total[name] + g if name in total else g
    return total


def inplace(batch, paths, w, velocity, widths, strides, labels, soft, lr, momentum, decay):
    """One step: the first of ``paths`` learns from labels alone, the others from its answers too."""
    first, *others = paths
    told = chain.logits(batch[0], first, w, widths, strides).detach()
    gradients = [chain.gradient(batch, first, w, widths, strides)]
    gradients += [taught(batch, picks, told, w, widths, strides, labels, soft) for picks in others]
    sgd(w, added(gradients), velocity, lr, momentum, decay)


def frozen(batch, paths, teacher, dearest, w, velocity, widths, strides, labels, soft, lr, momentum, decay):
    """One step: all learn from the dearest sub-network with the weights ``teacher``."""
    told = chain.logits(batch[0], dearest, teacher, widths, strides).detach()
    gradients = [taught(batch, picks, told, w, widths, strides, labels, soft) for picks in paths]
    sgd(w, added(gradients), velocity, lr, momentum, decay)
