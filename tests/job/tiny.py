"""The smallest search that does everything: a few seconds on one core."""

from __future__ import annotations

from pathlib import Path

SETTINGS = {
    "data.limit": 60, "batch": 16, "training.epochs": 1, "training.batch": 32, "space.nodes": 2,
    "search.channels": 4, "search.depth": 1, "deploy.channels": 4, "deploy.depth": 1,
}  # fmt: skip
SETS = [word for key, value in SETTINGS.items() for word in ("--set", f"{key}={value}")]
SIZE = ["--epochs", "1", "--archs", "1", "--seeds", "1"]
NO_MORE = ["--no-retrain", "--no-audit"]


def words(run: Path, *more: str) -> list[str]:
    """``gapless search`` of the smallest run."""
    return ["search", "--run", str(run), *SIZE, *SETS, *more]


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, the lock left out."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }
