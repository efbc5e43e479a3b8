"""Run folders whose findings were made up: what a comparison reads, without a search."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from gapless import spaces
from gapless.engine.folder import FORMAT
from gapless.job.request import Request

SPACE = spaces.get("nb201")


def made(
    place: Path, method: str = "darts", seed: int = 0, test: float | None = 0.9, *, arch: int = 0,
    random: tuple[float, ...] = (0.85, 0.88), images: str = "0123456789abcdef", torch: str = "2.9",
    epochs: int = 50, blocks: dict[str, Any] | None = None, **asked: Any,
) -> Path:  # fmt: skip
    """A folder with ``run.json`` and ``findings.json``; ``test`` None for a search and nothing more."""
    request = Request("nb201", "digits", method, seed=seed, **asked)
    place.mkdir(parents=True)
    header = {"format": FORMAT, "version": 1, "request": request.to_json(), "fingerprint": "x"}
    (place / "run.json").write_text(json.dumps(header))
    found = SPACE.choices.at(arch)
    findings: dict[str, Any] = {
        "version": 1, "finished": True, "command": request.command(str(place)),
        "question": {
            "space": "nb201", "data": request.data, "method": method, "preset": request.preset, "seed": seed,
            "images": images,
        },
        "environment": {"gapless": "0.1.0", "torch": torch, "device": "cpu"},
        "method": {"name": method, "epochs": [epochs], "fingerprint": f"{method}{request.sets}{epochs}"},
        "architecture": {"text": SPACE.text(found), "key": found.key, "json": found.to_json()},
        "drawing": {"panels": SPACE.drawing(found)},
        "cost": {"search_seconds": 60.0 + seed, "peak_mb": 900.0},
    }  # fmt: skip
    if test is not None:
        findings["accuracy"] = {"test": {"values": [test], "mean": test, "sd": 0.0, "n_images": 360}}
        findings["chain"] = [
            {"name": f"a{i}", "accuracy": test - 0.1 + 0.02 * i, "n": 359, "title": "", "low": 0, "high": 1}
            for i in range(5)
        ]
        findings["gap"] = [{"term": "discretization", "size": 0.02}]
        findings["baseline"] = {
            "n": len(random), "mean": float(np.mean(random)), "sd": 0.0, "verdict": "", "p": 0.5,
            "archs": [{"key": str(i), "text": "", "accuracy": value} for i, value in enumerate(random)],
        }  # fmt: skip
    (place / "findings.json").write_text(json.dumps({**findings, **(blocks or {})}))
    return place


def several(folder: Path, seeds: int = 4) -> list[Path]:
    """Two methods, the second 2 points better than the first by turns of 1 and 3 points."""
    rng = np.random.default_rng(0)
    paths = []
    for seed, luck in enumerate(0.02 * rng.normal(size=seeds)):
        test = round(0.9 + float(luck), 3)
        paths.append(made(folder / f"darts-{seed}", "darts", seed, test, arch=seed))
        better = test + (0.01 if seed % 2 else 0.03)
        paths.append(made(folder / f"pc-{seed}", "pc-darts", seed, better, arch=100 * seed))
    return paths
