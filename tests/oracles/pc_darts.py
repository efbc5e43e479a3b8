"""The network of PC-DARTS from its equations (Xu et al. 2020, sections 3.2 and 3.3), on plain tensors.

As the network of DARTS, but every edge computes its mixed operation on the first 1/k of its channels; the
others pass it by, or a 2x2 max-pooling where the edge halves. Then channel ``i * c / k + j`` becomes channel
``j * k + i``, and a node is the sum of its edges weighted by ``softmax(beta)`` among them.
"""

import torch
from tests.oracles.darts import OPERATIONS, halve, operation, point
from torch.nn import functional


def edge(x, gates, w, at, stride, k, operations):
    """gates: softmax(alpha) of this edge."""
    part = x.shape[1] // k
    inside, past = x[:, :part], x[:, part:]
    mixed = 0
    for gate, name in zip(gates, operations, strict=True):
        mixed = mixed + gate * operation(name, inside, w, f"{at}/{name}", stride)
    if stride == 2:
        n, c, h, width = past.shape
        past = past.reshape(n, c, h // 2, 2, width // 2, 2).amax((3, 5))
    whole = torch.cat([mixed, past], dim=1)
    order = [i * (whole.shape[1] // k) + j for j in range(whole.shape[1] // k) for i in range(k)]
    return whole[:, order]


def cell(s0, s1, alpha, beta, w, at, nodes, k, reduces, after_reduction, operations):
    s0 = halve(s0, w, f"{at}/in0") if after_reduction else point(s0, w[f"{at}/in0"])
    states = [s0, point(s1, w[f"{at}/in1"])]
    row = 0
    for i in range(2, 2 + nodes):
        shares = torch.softmax(beta[row : row + i], 0)
        total = 0
        for j in range(i):
            stride = 2 if reduces and j < 2 else 1
            gates = torch.softmax(alpha[row], -1)
            total = total + shares[j] * edge(states[j], gates, w, f"{at}/{j}->{i}", stride, k, operations)
            row += 1
        states.append(total)
    return torch.cat(states[2:], dim=1)


def logits(x, w, alpha, cells, nodes, k, operations=OPERATIONS):
    """alpha: ``normal`` and ``reduce``, `edges x operations`, and ``normal|edge`` and ``reduce|edge``."""
    x = functional.conv2d(x, w["stem"], padding=1)
    s0 = s1 = functional.batch_norm(x, None, None, w["stem/scale"], w["stem/shift"], training=True)
    after_reduction = False
    for c in range(cells):
        reduces = c in (cells // 3, 2 * cells // 3)
        kind = "reduce" if reduces else "normal"
        table, beta = alpha[kind], alpha[f"{kind}|edge"][:, 0]
        s0, s1 = s1, cell(s0, s1, table, beta, w, f"cell{c}", nodes, k, reduces, after_reduction, operations)
        after_reduction = reduces
    return functional.linear(functional.adaptive_avg_pool2d(s1, 1).flatten(1), w["out"], w["out/shift"])
