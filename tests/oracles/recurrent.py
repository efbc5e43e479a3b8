"""A recurrent policy, REINFORCE and PPO from the equations, one path and one layer at a time, in torch.

theta is a mapping of tensors: first, embedding, weight, bias and for layer k input, state, shift. The gates
are in the order input, forget, output, candidate. A path is [(allowed rows, taken row), ...].
"""

import torch


def judged(theta, layers, path):
    """Log-probability and sum of entropies of one path."""
    hidden = theta["first"].shape[0]
    h = [torch.zeros(hidden, dtype=torch.float64) for _ in range(layers)]
    c = [torch.zeros(hidden, dtype=torch.float64) for _ in range(layers)]
    x, log_chance, entropy = theta["first"], 0.0, 0.0
    for allowed, taken in path:
        for k in range(layers):
            z = theta[f"input{k}"] @ x + theta[f"state{k}"] @ h[k] + theta[f"shift{k}"]
            z = z.view(4, hidden)
            c[k] = torch.sigmoid(z[1]) * c[k] + torch.sigmoid(z[0]) * torch.tanh(z[3])
            h[k] = x = torch.sigmoid(z[2]) * torch.tanh(c[k])
        logits = torch.stack([theta["weight"][row] @ x + theta["bias"][row] for row in allowed])
        chances = torch.exp(logits) / torch.exp(logits).sum()
        log_chance = log_chance + torch.log(chances[allowed.index(taken)])
        entropy = entropy - (chances * torch.log(chances)).sum()
        x = theta["embedding"][taken]
    return log_chance, entropy


def leaves(parts):
    return {name: torch.tensor(value, requires_grad=True) for name, value in parts.items()}


def flat(theta):
    return torch.cat([value.detach().reshape(-1) for value in theta.values()]).numpy()


def reinforce(batches, parts, layers, lr, power, keep):
    """theta after batches of (paths, accuracies), one ascent of Adam each."""
    theta, b = leaves(parts), None
    adam = torch.optim.Adam(theta.values(), lr=lr)
    for paths, accuracies in batches:
        rewards = [a**power for a in accuracies]
        mean = sum(rewards) / len(rewards)
        b = mean if b is None else b
        value = sum((r - b) * judged(theta, layers, p)[0] for r, p in zip(rewards, paths, strict=True))
        adam.zero_grad()
        (-value / len(paths)).backward()
        adam.step()
        b = keep * b + (1 - keep) * mean
    return flat(theta)


def ppo(batches, parts, layers, lr, moves, clip, weight, keep):
    """theta after batches of (paths, accuracies), several ascents of Adam each."""
    theta, b = leaves(parts), None
    adam = torch.optim.Adam(theta.values(), lr=lr)
    for paths, accuracies in batches:
        mean = sum(accuracies) / len(accuracies)
        b = mean if b is None else b
        old = [judged(theta, layers, p)[0].detach() for p in paths]
        for _ in range(moves):
            value = 0.0
            for path, accuracy, before in zip(paths, accuracies, old, strict=True):
                log_chance, entropy = judged(theta, layers, path)
                ratio, gain = torch.exp(log_chance - before), accuracy - b
                kept = torch.clamp(ratio, 1 - clip, 1 + clip)
                value = value + torch.minimum(ratio * gain, kept * gain) + weight * entropy
            adam.zero_grad()
            (-value / len(paths)).backward()
            adam.step()
        b = keep * b + (1 - keep) * mean
    return flat(theta)
