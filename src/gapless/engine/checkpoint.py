"""Checkpoints: written beside and renamed, sealed with checksums, the last two kept.

One checkpoint is a folder named after its step: ``tensors.safetensors`` (no code can hide in it),
``state.json``, and ``seal`` with the SHA-256 of both.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load, save

from gapless.engine.folder import refusing_disk_errors

FILES = ("tensors.safetensors", "state.json")


@dataclass(frozen=True)
class Checkpoint:
    """What was saved: tensors by name, and JSON values."""

    step: int
    tensors: dict[str, torch.Tensor]
    values: dict[str, Any]


@dataclass
class Checkpoints:
    """The checkpoints of one thing that trains.

    Args:
        folder: made when the first checkpoint is written.
        keep: how many are kept.
        damaged: one line for each checkpoint that was found cut short or altered.
    """

    folder: Path
    keep: int = 2
    damaged: list[str] = field(default_factory=list)

    def write(self, step: int, tensors: Mapping[str, torch.Tensor], values: Mapping[str, Any]) -> None:
        """Saves one checkpoint; a kill at any instant leaves the earlier ones whole.

        Raises:
            BadRunFolder: the disk is full or the folder cannot be written.
        """
        final = self.folder / f"{step:012d}"
        beside = self.folder / f".{final.name}.{os.getpid()}"
        with refusing_disk_errors(self.folder):
            for left in self.folder.glob(".*"):  # by a process that was killed while it wrote
                shutil.rmtree(left, ignore_errors=True)
            beside.mkdir(parents=True)
            try:
                whole = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
                contents = (save(whole), json.dumps(values).encode())
                for name, content in zip(FILES, contents, strict=True):
                    _write(beside / name, content)
                _write(beside / "seal", "\n".join(map(_digest, contents)).encode())
                if final.exists():
                    shutil.rmtree(final)
                beside.rename(final)
            except BaseException:
                shutil.rmtree(beside, ignore_errors=True)
                raise
            places = self._steps()
            later = [place for place in places if int(place.name) > step]  # damaged, or this were not written
            for old in (*later, *places[len(later) + self.keep :]):
                shutil.rmtree(old, ignore_errors=True)

    def latest(self) -> Checkpoint | None:
        """The newest checkpoint that is whole; None where there is none. Damaged ones are noted."""
        found: Checkpoint | None = None
        faults: list[str] = []
        for place in self._steps():
            fault = _fault(place)
            if fault is None:
                tensors = load((place / FILES[0]).read_bytes())
                values = json.loads((place / FILES[1]).read_text())
                found = Checkpoint(int(place.name), tensors, values)
                break
            faults.append(f"checkpoint {place} is damaged ({fault})")
        then = (
            "there is no whole one, and its work begins anew"
            if found is None
            else "the one before it is used"
        )
        self.damaged += [f"{fault}; {then}" for fault in faults]
        return found

    def remove(self) -> None:
        """Forgets all checkpoints, once what they led to is stored elsewhere."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _steps(self) -> list[Path]:
        if not self.folder.is_dir():
            return []
        found: Iterator[Path] = (p for p in self.folder.iterdir() if p.name.isdecimal())
        return sorted(found, key=lambda p: int(p.name), reverse=True)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _fault(place: Path) -> str | None:
    try:
        seals = (place / "seal").read_text().split()
        contents = [(place / name).read_bytes() for name in FILES]
    except (OSError, UnicodeDecodeError) as error:
        return f"{type(error).__name__}: a file is missing or unreadable"
    for name, content, seal in zip(FILES, contents, seals, strict=False):
        if _digest(content) != seal:
            return f"{name} does not match its checksum"
    return None if len(seals) == len(FILES) else "its seal is cut short"
