"""DARTS from its equations (Liu, Simonyan & Yang 2019), on plain tensors in dictionaries.

Network (section 2.1): a stem; cells of two inputs and ``nodes`` nodes; node i is the sum over all earlier
states j of the mixed operation on edge j->i, ``sum_o softmax(alpha_ij)_o * o(x)`` (eq. 2), ``none`` among
the operations; the output concatenates the nodes. Cells at a third and two thirds halve the resolution.
Every convolution follows a ReLU and is followed by a BatchNorm without scale and shift; so are poolings.

One search step (algorithm 1): alpha descends L_val, at w or at the look-ahead w', by Adam; then w descends
L_tr by SGD with momentum, weight decay and a bound on the norm of the gradient.
"""

import torch
from torch.autograd import grad
from torch.nn import functional

OPERATIONS = (
    "none", "max_pool_3x3", "avg_pool_3x3", "skip_connect",
    "sep_conv_3x3", "sep_conv_5x5", "dil_conv_3x3", "dil_conv_5x5",
)  # fmt: skip


# -- operations: x `n x c x h x w`; w holds the weights; at is where this operation's weights are -----


def norm(x):
    return functional.batch_norm(x, None, None, training=True)


def point(x, kernel):
    return norm(functional.conv2d(functional.relu(x), kernel))


def halve(x, w, at):
    """Two pointwise convolutions of every second pixel, from the first and from the second on."""
    x = functional.relu(x)
    even = functional.conv2d(x, w[f"{at}/even"], stride=2)
    odd = functional.conv2d(x[:, :, 1:, 1:], w[f"{at}/odd"], stride=2)
    return norm(torch.cat([even, odd], dim=1))


def spread(x, w, at, stride, dilation=1):
    """ReLU, a kernel on each channel by itself, a mixture of channels, BatchNorm."""
    kernel = w[f"{at}/depth"]
    padding = dilation * (kernel.shape[-1] - 1) // 2
    x = functional.conv2d(functional.relu(x), kernel, None, stride, padding, dilation, groups=len(kernel))
    return norm(functional.conv2d(x, w[f"{at}/width"]))


def operation(name, x, w, at, stride):
    if name == "none":
        return x[:, :, ::stride, ::stride] * 0
    if name == "max_pool_3x3":
        return norm(functional.max_pool2d(x, 3, stride, 1))
    if name == "avg_pool_3x3":
        return norm(functional.avg_pool2d(x, 3, stride, 1, count_include_pad=False))
    if name == "skip_connect":
        return x if stride == 1 else halve(x, w, at)
    if name.startswith("sep_conv"):
        return spread(spread(x, w, f"{at}/1", stride), w, f"{at}/2", 1)
    return spread(x, w, at, stride, dilation=2)


# -- the super-network ---------------------------------------------------------------------------------


def mixed(x, gates, w, at, stride, operations):
    total = 0
    for gate, name in zip(gates, operations, strict=True):
        total = total + gate * operation(name, x, w, f"{at}/{name}", stride)
    return total


def cell(s0, s1, gates, w, at, nodes, reduces, after_reduction, operations):
    s0 = halve(s0, w, f"{at}/in0") if after_reduction else point(s0, w[f"{at}/in0"])
    states = [s0, point(s1, w[f"{at}/in1"])]
    row = 0
    for i in range(2, 2 + nodes):
        total = 0
        for j in range(i):
            stride = 2 if reduces and j < 2 else 1
            total = total + mixed(states[j], gates[row], w, f"{at}/{j}->{i}", stride, operations)
            row += 1
        states.append(total)
    return torch.cat(states[2:], dim=1)


def logits(x, w, alpha, cells, nodes, operations=OPERATIONS):
    gates = {kind: torch.softmax(table, -1) for kind, table in alpha.items()}
    x = functional.conv2d(x, w["stem"], padding=1)
    s0 = s1 = functional.batch_norm(x, None, None, w["stem/scale"], w["stem/shift"], training=True)
    after_reduction = False
    for k in range(cells):
        reduces = k in (cells // 3, 2 * cells // 3)
        table = gates["reduce" if reduces else "normal"]
        s0, s1 = s1, cell(s0, s1, table, w, f"cell{k}", nodes, reduces, after_reduction, operations)
        after_reduction = reduces
    return functional.linear(functional.adaptive_avg_pool2d(s1, 1).flatten(1), w["out"], w["out/shift"])


# -- the two optimizers --------------------------------------------------------------------------------


def clipped(gradients, bound):
    whole = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(g) for g in gradients.values()]))
    factor = torch.clamp(bound / (whole + 1e-6), max=1.0)
    return {name: g * factor for name, g in gradients.items()}


def sgd(w, gradients, velocity, lr, momentum, decay):
    """v <- m v + (g + d w); w <- w - lr v."""
    for name, g in gradients.items():
        slope = torch.add(g, w[name], alpha=decay)
        velocity[name] = velocity[name] * momentum + slope if name in velocity else slope
        w[name] = torch.add(w[name], velocity[name], alpha=-lr)


def adam(alpha, gradients, moments, lr, betas, decay, eps=1e-8):
    """Kingma & Ba 2015, algorithm 1, with ``decay * alpha`` added to the gradient."""
    first, second = betas
    t = moments["t"] = moments.get("t", 0) + 1
    for name, g in gradients.items():
        slope = torch.add(g, alpha[name], alpha=decay)
        m, v = moments.get(name, (torch.zeros_like(slope), torch.zeros_like(slope)))
        m = torch.lerp(m, slope, 1 - first)
        v = torch.addcmul(v * second, slope, slope, value=1 - second)
        moments[name] = m, v
        width = v.sqrt() / (1 - second**t) ** 0.5 + eps
        alpha[name] = torch.addcdiv(alpha[name], m, width, value=-lr / (1 - first**t))


# -- the search ----------------------------------------------------------------------------------------


class Search:
    """A search in progress.

    w: name to weight. alpha: ``normal`` and ``reduce`` to `edges x operations`.
    """

    def __init__(self, w, alpha, cells, nodes, momentum=0.9, decay=3e-4, bound=5.0, radius=0.01,
                 alpha_lr=3e-4, betas=(0.5, 0.999), alpha_decay=1e-3, operations=OPERATIONS):  # fmt: skip
        self.w, self.alpha, self.velocity, self.moments = dict(w), dict(alpha), {}, {}
        self.cells, self.nodes, self.operations = cells, nodes, operations
        self.momentum, self.decay, self.bound, self.radius = momentum, decay, bound, radius
        self.alpha_lr, self.betas, self.alpha_decay = alpha_lr, betas, alpha_decay

    def loss(self, batch, w, alpha):
        x, y = batch
        return functional.cross_entropy(logits(x, w, alpha, self.cells, self.nodes, self.operations), y)

    def slope(self, batch, w, alpha, by):
        """d loss / d by, where ``by`` is ``w`` or ``alpha`` itself."""
        return dict(zip(by, grad(self.loss(batch, w, alpha), list(by.values())), strict=True))

    def first_order(self, val):
        alpha = movable(self.alpha)
        return self.slope(val, self.w, alpha, alpha)

    def ahead(self, w, slope, xi):
        """w' = w - xi (m v + dL_tr/dw + d w)."""
        return {
            name: value - xi * (self.momentum * self.velocity.get(name, 0) + slope[name] + self.decay * value)
            for name, value in w.items()
        }

    def second_order(self, train, val, xi):
        """eq. 7 with the finite difference of eq. 8."""
        w = movable(self.w)
        there = movable(self.ahead(self.w, self.slope(train, w, self.alpha, w), xi))
        direction = self.slope(val, there, self.alpha, there)
        alpha = movable(self.alpha)
        direct = self.slope(val, there, alpha, alpha)
        eps = self.radius / torch.cat([v.flatten() for v in direction.values()]).norm()
        up = self.slope(train, {n: v + eps * direction[n] for n, v in self.w.items()}, alpha, alpha)
        down = self.slope(train, {n: v - eps * direction[n] for n, v in self.w.items()}, alpha, alpha)
        return {name: direct[name] - xi * (up[name] - down[name]) / (2 * eps) for name in alpha}

    def through_the_step(self, train, val, xi):
        """d L_val(w'(alpha), alpha) / d alpha (eq. 6), by differentiation through the virtual step."""
        w, alpha = movable(self.w), movable(self.alpha)
        slope = grad(self.loss(train, w, alpha), list(w.values()), create_graph=True)
        there = self.ahead(w, dict(zip(w, slope, strict=True)), xi)
        return self.slope(val, there, alpha, alpha)

    def step(self, train, val, lr, order=1):
        g = self.first_order(val) if order == 1 else self.second_order(train, val, lr)
        adam(self.alpha, g, self.moments, self.alpha_lr, self.betas, self.alpha_decay)
        w = movable(self.w)
        slope = clipped(self.slope(train, w, self.alpha, w), self.bound)
        sgd(self.w, slope, self.velocity, lr, self.momentum, self.decay)


def movable(tensors):
    return {name: value.detach().clone().requires_grad_() for name, value in tensors.items()}
