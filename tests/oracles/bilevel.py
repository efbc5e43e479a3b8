"""Bilevel gradients of least squares from their equations, in NumPy.

``q`` holds a sample (X, Z, y) for ``train`` and one for ``val``. With r = Xw + Za - y over m numbers, a loss
is |r|^2 / 2m, its gradients are X'r / m and Z'r / m, its second derivatives X'X / m in w, and Z'X / m first
in alpha and then in w.
"""

import numpy as np


def by_w(sample, w, a):
    X, Z, y = sample
    return X.T @ (X @ w + Z @ a - y) / len(y)


def by_a(sample, w, a):
    X, Z, y = sample
    return Z.T @ (X @ w + Z @ a - y) / len(y)


def train_w(q, w, a):
    return by_w(q["train"], w, a)


def train_a(q, w, a):
    return by_a(q["train"], w, a)


def val_w(q, w, a):
    return by_w(q["val"], w, a)


def val_a(q, w, a):
    return by_a(q["val"], w, a)


def hessian(q):
    X, _, y = q["train"]
    return X.T @ X / len(y)


def mixed(q, v):
    X, Z, y = q["train"]
    return Z.T @ (X @ v) / len(y)


def ahead(q, w, a, xi, momentum=0.0, velocity=0.0, decay=0.0):
    """w' = w - xi (m v + grad_w L_tr + d w)."""
    return w - xi * (momentum * velocity + train_w(q, w, a) + decay * w)


def first_order(q, w, a):
    return val_a(q, w, a)


def second_order(q, w, a, xi, **virtual):
    there = ahead(q, w, a, xi, **virtual)
    return val_a(q, there, a) - xi * mixed(q, val_w(q, there, a))


def amended(q, w, a, eta):
    return val_a(q, w, a) - eta * mixed(q, hessian(q) @ val_w(q, w, a))


def mixed_level(q, w, a, share):
    return train_a(q, w, a) + share * val_a(q, w, a)


def mixed_level_second(q, w, a, share, xi):
    """Both losses through the same virtual step."""
    there = ahead(q, w, a, xi)
    of_train = train_a(q, there, a) - xi * mixed(q, train_w(q, there, a))
    of_val = val_a(q, there, a) - xi * mixed(q, val_w(q, there, a))
    return of_train + share * of_val


def one_level(q, w, a):
    return train_a(q, w, a)


def implicit(q, w, a, damping=0.0):
    inverse = np.linalg.inv(hessian(q) + damping * np.eye(len(w)))
    return val_a(q, w, a) - mixed(q, inverse @ val_w(q, w, a))


def neumann(q, w, a, terms, step):
    """The inverse by its truncated series, each power multiplied out."""
    n = len(w)
    series = sum(np.linalg.matrix_power(np.eye(n) - step * hessian(q), k) for k in range(terms + 1))
    return val_a(q, w, a) - mixed(q, step * series @ val_w(q, w, a))


def minimum(q, a):
    X, Z, y = q["train"]
    return np.linalg.lstsq(X, y - Z @ a, rcond=None)[0]


def outer(q, a):
    """L_val(w*(a), a)."""
    X, Z, y = q["val"]
    return np.sum((X @ minimum(q, a) + Z @ a - y) ** 2) / (2 * len(y))
