"""Findings of three kinds of search, made up and fixed: two cells, a chain of layers, a four-node cell."""

from __future__ import annotations

import itertools
import math
import random
from typing import Any

from .audited import complete

Example = tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]

DARTS_OPS = (
    "none", "max_pool_3x3", "avg_pool_3x3", "skip_connect", "sep_conv_3x3", "sep_conv_5x5", "dil_conv_3x3",
    "dil_conv_5x5",
)  # fmt: skip
CHAIN_OPS = ("mb_k3_e3", "mb_k3_e6", "mb_k5_e3", "mb_k5_e6", "mb_k7_e3", "mb_k7_e6", "skip")
NB201_OPS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")


def darts() -> Example:
    """Two cells of seven nodes on digits; the search collapsed half-way towards skips."""
    normal = [
        ("c_{k-2}", "2", "sep_conv_3x3"), ("c_{k-1}", "2", "dil_conv_5x5"), ("c_{k-2}", "3", "skip_connect"),
        ("2", "3", "sep_conv_5x5"), ("c_{k-1}", "4", "sep_conv_3x3"), ("3", "4", "skip_connect"),
        ("c_{k-2}", "5", "max_pool_3x3"), ("2", "5", "dil_conv_3x3"),
    ]  # fmt: skip
    reduce = [
        ("c_{k-2}", "2", "max_pool_3x3"), ("c_{k-1}", "2", "avg_pool_3x3"), ("c_{k-1}", "3", "max_pool_3x3"),
        ("2", "3", "skip_connect"), ("2", "4", "skip_connect"), ("3", "4", "sep_conv_3x3"),
        ("c_{k-1}", "5", "dil_conv_5x5"), ("4", "5", "skip_connect"),
    ]  # fmt: skip
    names = ["c_{k-2}", "c_{k-1}", "2", "3", "4", "5"]
    rows = [f"{b}<-{a}" for b in range(2, 6) for a in range(b)]
    alpha = _alpha({"normal": rows, "reduce": rows}, DARTS_OPS, epochs=50, pull="skip_connect", seed=3)
    findings = _findings("darts", "digits", "DARTS, first order", 0.9744)
    findings["drawing"] = {
        "panels": [_cell("normal cell", names, normal), _cell("reduction cell", names, reduce)]
    }
    complete(findings, alpha)
    return findings, _trace(("search", "retrain")), alpha


def chain(layers: int = 20) -> Example:
    """A chain of mobile blocks, found by an explorer over inherited weights."""
    pick = random.Random(7)
    chosen = [pick.choice(CHAIN_OPS) for _ in range(layers)]
    nodes = [{"id": "in", "label": "image", "kind": "input"}]
    nodes += [{"id": f"l{i}", "label": op, "kind": "layer"} for i, op in enumerate(chosen)]
    nodes.append({"id": "out", "label": "classes", "kind": "output"})
    edges = [{"from": a["id"], "to": b["id"], "label": ""} for a, b in itertools.pairwise(nodes)]
    alpha = _alpha(
        {"layers": [f"layer {i}" for i in range(layers)]}, CHAIN_OPS, epochs=30, pull="mb_k5_e6", seed=5
    )
    findings = _findings("chain", "cifar10", "ProxylessNAS", 0.9312)
    findings["drawing"] = {"panels": [{"title": "the network", "nodes": nodes, "edges": edges}]}
    findings["candidates"] = [
        {
            "key": f"{pick.getrandbits(48):012x}",
            "macs": (macs := pick.lognormvariate(16.5, 0.5)),
            "accuracy": 0.62 + 0.035 * (math.log(macs) - 15) + pick.gauss(0, 0.02),
            "params": int(macs / 60),
        }
        for _ in range(120)
    ]
    findings["candidates"].append(
        {"key": findings["architecture"]["key"], "macs": 2.1e7, "accuracy": 0.728, "params": 412_000}
    )
    complete(findings, alpha)
    return findings, _trace(("search", "retrain")), alpha


def nb201() -> Example:
    """One cell of four nodes and six edges."""
    picks = ["nor_conv_3x3", "nor_conv_3x3", "avg_pool_3x3", "skip_connect", "none", "nor_conv_1x1"]
    pairs = [("0", "1"), ("0", "2"), ("1", "2"), ("0", "3"), ("1", "3"), ("2", "3")]
    panel = {
        "title": "cell",
        "nodes": [
            {"id": str(i), "label": label, "kind": kind}
            for i, (label, kind) in enumerate(
                [("input", "input"), ("1", "node"), ("2", "node"), ("output", "output")]
            )
        ],
        "edges": [{"from": a, "to": b, "label": op} for (a, b), op in zip(pairs, picks, strict=True)],
    }
    alpha = _alpha(
        {"cell": [f"{a}-{b}" for a, b in pairs]}, NB201_OPS, epochs=25, pull="nor_conv_3x3", seed=1
    )
    findings = _findings("nb201", "fashion-mnist", "GDAS", 0.9187)
    findings["drawing"] = {"panels": [panel]}
    del findings["candidates"]
    complete(findings, alpha)
    return findings, _trace(("search",)), alpha


def _cell(title: str, names: list[str], ties: list[tuple[str, str, str]]) -> dict[str, Any]:
    ids = {name: str(i) for i, name in enumerate(names)}
    nodes = [
        {"id": ids[name], "label": name, "kind": "input" if name.startswith("c_") else "node"}
        for name in names
    ]
    nodes.append({"id": "out", "label": "output", "kind": "output"})
    edges = [{"from": ids[a], "to": ids[b], "label": op} for a, b, op in ties]
    edges += [{"from": ids[name], "to": "out", "label": ""} for name in names[2:]]
    return {"title": title, "nodes": nodes, "edges": edges}


def _alpha(
    groups: dict[str, list[str]], ops: tuple[str, ...], epochs: int, pull: str, seed: int
) -> list[dict[str, Any]]:
    rng = random.Random(seed)
    table = []
    for group, rows in groups.items():
        for row in rows:
            speed = {op: rng.gauss(0, 1) for op in ops}
            for epoch in range(epochs):
                t = epoch / (epochs - 1)
                late = {op: 2.4 * speed[op] * t + (0.8 + speed[op]) * (op == pull) * 2 * t**3 for op in ops}
                scores = {op: math.exp(late[op]) for op in ops}
                total = sum(scores.values())
                table += [
                    {"epoch": epoch, "group": group, "row": row, "option": op, "value": scores[op] / total}
                    for op in ops
                ]
    return table


def _trace(stages: tuple[str, ...]) -> list[dict[str, Any]]:
    rng = random.Random(11)
    rows = []
    for k, stage in enumerate(stages):
        for epoch in range(50):
            t = epoch / 49
            rows.append(
                {
                    "stage": stage,
                    "epoch": epoch,
                    "step": epoch * 12,
                    "train_loss": 2.3 * math.exp(-3.2 * t) + 0.05 + rng.gauss(0, 0.02),
                    "train_accuracy": 1 - 0.9 * math.exp(-4.5 * t),
                    "val_loss": None if epoch % 2 else 2.3 * math.exp(-2.6 * t) + 0.14 + rng.gauss(0, 0.03),
                    "val_accuracy": None
                    if epoch % 2
                    else 0.965 - 0.86 * math.exp(-4.0 * t) + rng.gauss(0, 0.004),
                    "lr": 0.025 * 0.5 * (1 + math.cos(math.pi * t)),
                    "seconds": 4.0,
                    **({"alpha_entropy": 2.08 - 1.1 * t, "temperature": 10 - 9.9 * t} if k == 0 else {}),
                }
            )
    return rows


def _findings(space: str, data: str, method: str, top: float) -> dict[str, Any]:
    rng = random.Random(2)
    name = method.partition(",")[0].lower()
    levels = [
        ("a0", "super-network, final mixture", top - 0.044, 540),
        ("a1", "chosen sub-network, inherited weights", top - 0.557, 540),
        ("a2", "the same, BatchNorm recomputed", top - 0.102, 540),
        ("a3", "trained alone, search shape", top - 0.013, 540),
        ("a4", "trained alone, deployment shape", top + 0.0017, 540),
    ]
    archs = [
        {
            "text": f"random architecture {i} of the {space} space",
            "key": f"{rng.getrandbits(64):016x}",
            "accuracy": top - 0.006 + rng.gauss(0, 0.007),
            "params": rng.randint(180_000, 420_000),
            "macs": rng.randint(11_000_000, 30_000_000),
        }
        for i in range(12)
    ]
    scores = [arch["accuracy"] for arch in archs]
    mean = sum(scores) / len(scores)
    sd = math.sqrt(sum((s - mean) ** 2 for s in scores) / (len(scores) - 1))
    values = [top - 0.003, top, top + 0.003]
    return {
        "version": 1,
        "finished": True,
        "question": {
            "space": space,
            "data": data,
            "method": name,
            "preset": "quick",
            "seed": 0,
            "sentence": f"Which network of the {space} space classifies {data} best, as {method} sees it?",
        },
        "command": f"gapless search --space {space} --data {data} --method {name} --run 'runs/my {space}'",
        "environment": {
            "gapless": "0.1.0",
            "torch": "2.9.1",
            "python": "3.11.9",
            "cpu": "AMD EPYC 9354 32-Core Processor",
            "cores": 8,
            "device": "cpu",
            "date": "2026-11-24",
        },
        "architecture": {
            "text": f"{space}(normal: 0←c_{{k-2}} sep_conv_3x3, 0←c_{{k-1}} dil_conv_5x5, …)",
            "key": "5be1c4d20f7a9e33",
            "json": {"version": 1},
        },
        "method": {
            "title": method,
            "equation": "α ← α − η ∇α L_val(ω, α)\nω ← ω − ξ ∇ω L_train(ω, α)",
            "reference": {
                "authors": "Hanxiao Liu, Karen Simonyan, Yiming Yang",
                "title": "DARTS: Differentiable Architecture Search",
                "venue": "ICLR",
                "year": 2019,
                "url": "https://arxiv.org/abs/1806.09055",
            },
            "deviations": [
                "Half the data trains ω and half trains α, drawn per seed instead of by position."
            ],
            "terms": ["mathematical error: the inner optimum is replaced by the current weights"],
            "parts": [
                {"role": "relax", "value": "softmax, temperature 1"},
                {"role": "update", "value": "first order, Adam 3e-4, betas (0.5, 0.999)"},
                {"role": "mask", "value": "top 2 edges a node"},
            ],
        },
        "accuracy": {
            "test": {"values": values, "mean": top, "sd": 0.003, "n_images": 360},
            "audit": {"values": [top + 0.0017], "mean": top + 0.0017, "sd": 0.0, "n_images": 540},
        },
        "chain": [
            {"name": n, "title": t, "accuracy": a, "low": a - 0.02, "high": min(a + 0.015, 1.0), "n": k}
            for n, t, a, k in levels
        ],
        "baseline": {
            "archs": archs,
            "mean": mean,
            "sd": sd,
            "n": len(archs),
            "verdict": "The search is not shown to be better than random architectures here "
            "(p = 0.21, 3 seeds against 12).",
        },
        "cost": {
            "search_seconds": 1934.2,
            "retrain_seconds": 611.0,
            "baseline_seconds": 7402.5,
            "params": 312_442,
            "macs": 21_034_112,
            "peak_mb": 812.4,
        },
        "export": {
            "file": "model.onnx",
            "max_error": 2.4e-6,
            "bytes": 1_281_003,
            "latency_ms": {
                "onnxruntime": {"median": 1.93, "low": 1.88, "high": 2.11},
                "torch": {"median": 5.02, "low": 4.9, "high": 5.77},
            },
        },
        "candidates": [
            {
                "key": arch["key"],
                "accuracy": arch["accuracy"],
                "macs": arch["macs"],
                "params": arch["params"],
            }
            for arch in archs
        ],
        "citations": [
            {
                "key": "liu2019darts",
                "bibtex": "@inproceedings{liu2019darts,\n"
                "  title={{DARTS}: Differentiable Architecture Search},\n"
                "  author={Liu, Hanxiao and Simonyan, Karen and Yang, Yiming},\n"
                "  booktitle={ICLR},\n  year={2019}\n}",
            }
        ],
    }
