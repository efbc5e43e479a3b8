"""What an audit of a made-up search measured: judged by the real judges wherever there is one."""

from __future__ import annotations

import copy
import functools
import math
import random
from collections.abc import Sequence
from typing import Any

from gapless.audit.checklist import checklist
from gapless.audit.terms import judged


def audit(top: float, alpha: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The block ``audit``.

    Args:
        top: accuracy of the chain.
        alpha: gate values, whose options are sorted into those without parameters and the others.
    """
    found = copy.deepcopy(_audit(top))
    found["free"]["options"] = _options(alpha)
    return found


@functools.cache
def _audit(top: float, archs: int = 8) -> dict[str, Any]:
    rng = random.Random(4)
    keys = [f"{rng.getrandbits(64):016x}" for _ in range(archs)]
    skill = [rng.gauss(0, 0.01) for _ in keys]
    deep = {
        key: [top - 0.02 + s + rng.gauss(0, 0.004) for _ in (0, 1)]
        for key, s in zip(keys, skill, strict=True)
    }
    walks = [[top - 0.1 + 0.03 * math.sin(0.7 * i + 2 * k) for i in range(9)] for k in range(4)]
    return judged(
        {
            "mathematical": _mathematical(),
            "onward": {
                "epochs": 10,
                "before": {"accuracy": top - 0.044, "loss": 0.31, "n": 540},
                "after": {"accuracy": top - 0.031, "loss": 0.262, "n": 540},
            },
            "free": {
                "free": 6,
                "survivors": 16,
                "trained": {
                    "cell": {
                        row: {"skip_connect": 90 + i, "sep_conv_3x3": 110 - i}
                        for i, row in enumerate(("2<-0", "2<-1"))
                    }
                },
            },
            "line": {
                "points": [
                    {"t": i / 10, "accuracy": top - 0.044 - 0.513 * (i / 10) ** 3, "loss": 0.3 + 0.1 * i}
                    for i in range(11)
                ]
            },
            "sample": {
                "archs": [
                    {"key": k, "macs": 11e6 + 2e6 * i, "params": 180_000 + 9e3 * i}
                    for i, k in enumerate(keys)
                ]
            },
            "recalibrated": {
                "scores": [
                    {"key": k, "accuracy": top - 0.1 + s + rng.gauss(0, 0.01)}
                    for k, s in zip(keys, skill, strict=True)
                ]
            },
            "kept": {"scores": [{"key": k, "accuracy": 0.3 + rng.gauss(0, 0.05)} for k in keys]},
            "walks": {
                "walks": walks,
                "edits": [
                    ["sep_conv_3x3 -> skip_connect", "max_pool_3x3 -> sep_conv_5x5"] * 4 for _ in walks
                ],
                "codes": [[int(j < i) for j in range(9)] for i in range(9)],
                "scores": walks[0],
            },
            "neighbours": {
                "around": [
                    {
                        "key": keys[0],
                        "found": True,
                        "accuracy": 0.8,
                        "neighbours": [0.7, 0.81, 0.8],
                        "all": True,
                    },
                    {"key": keys[1], "found": False, "accuracy": 0.9, "neighbours": [0.5], "all": False},
                ]
            },
        },
        {**deep, keys[0]: deep[keys[0]][:1]},
        {key: [top + s] for key, s in zip(keys[:4], skill, strict=False)},
    )


def _mathematical() -> dict[str, Any]:
    def against(error: float, cosine: float) -> dict[str, float]:
        return {"error": error, "cosine": cosine, "length": 0.8}

    return {
        "images": 32,
        "values": 224,
        "weights": 76_010,
        "rule": True,
        "convergence": {"slope": 0.0009, "evaluations": 84, "reached": True},
        "reference": {
            "norm": 0.021, "indirect": 0.83, "residual": 3.1e-7, "damping": 0.01, "products": 60,
            "negative": [{"damping": 0.001, "curvature": -0.0042}],
        },
        "rules": [
            {"rule": "own", "search": against(0.98, 0.21), "converged": against(0.93, 0.34)},
            {"rule": "first order", "search": against(0.98, 0.21), "converged": against(0.93, 0.34)},
            {"rule": "second order", "search": against(0.81, 0.6), "converged": against(0.52, -0.85)},
            {"rule": "mixed-level", "search": against(12.4, 0.05), "converged": None},
        ],
    }  # fmt: skip


def _options(alpha: Sequence[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in alpha:
        sides = found.setdefault(one["group"], {}).setdefault(one["row"], {"free": [], "other": []})
        option = one["option"]
        if option != "none":
            side = sides["free" if "skip" in option or "pool" in option else "other"]
            side += [] if option in side else [option]
    return found


def complete(findings: dict[str, Any], alpha: Sequence[dict[str, Any]]) -> None:
    """Adds the blocks ``deployment``, ``audit``, ``verdict`` and ``checklist``."""
    findings["deployment"] = {
        "parts": [
            {"changed": ["recipe", "images"], "accuracy": 0.885, "size": 0.12},
            {"changed": ["depth"], "accuracy": 0.855, "size": -0.03},
            {"changed": ["width", "BatchNorm"], "accuracy": 0.969, "size": 0.114},
        ],
        "images": {"search": 628, "deploy": 1257, "search side": 8, "deploy side": 8},
    }
    findings["audit"] = audit(findings["accuracy"]["test"]["mean"], alpha)
    findings["verdict"] = {
        "k": 4, "trained": 12, "expected": 0.971, "gain": 0.003, "p": 0.38,
        "sentence": "the search is 0.3 points better than random search at equal cost (the best of 4 trained "
        "architectures); that may be luck (p = 0.38).",
    }  # fmt: skip
    findings["checklist"] = checklist(findings)
