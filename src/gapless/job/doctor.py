"""Doctor: what this installation computes with, and what would make it faster."""

from __future__ import annotations

import shutil
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch

from gapless.job.environment import environment, memory
from gapless.native.build import compiler
from gapless.nets.native import load, supported

PACKAGES = ("torchvision", "onnx", "onnxruntime", "onnxscript")


def examined() -> dict[str, Any]:
    """The environment, the path of super-networks, and one line of advice for everything that is amiss."""
    kernels, device = load(), torch.device("cuda" if torch.cuda.is_available() else "cpu")
    found: dict[str, Any] = environment(device)
    found["memory_mb"] = memory() >> 20
    found["packages"] = {name: _version(name) for name in PACKAGES}
    found["instructions"] = list(supported())
    command = compiler()
    found["compiler"] = None if command is None else shutil.which(command[0]) or command[0]
    advice = []
    if isinstance(kernels, str):
        found["super_network"] = {"path": "torch", "why": f"no native kernels: {kernels}"}
        if device.type == "cpu":
            advice.append(f"super-networks run on plain torch; the native kernels are faster: {kernels}")
    else:
        threads = "torch's threads" if kernels.threaded else "one thread"
        why = f"kernels for {kernels.instructions} on {threads}; torch on a GPU and for unknown cells"
        found["super_network"] = {"path": "native", "why": why}
        if not kernels.threaded:
            advice.append("native kernels run on one thread: this torch was built without GNU OpenMP")
    advice += [
        f"{name} is missing: pip install {name}" for name, got in found["packages"].items() if got is None
    ]
    return {**found, "advice": advice}


def told(found: dict[str, Any]) -> str:
    """The same for a person."""
    net, advice = found["super_network"], found["advice"] or ["none: all is well"]
    packages = ", ".join(f"{name} {got or 'missing'}" for name, got in found["packages"].items())
    lines = [
        f"gapless         {found['gapless']}, torch {found['torch']}, python {found['python']}",
        f"machine         {found['system']}, {found['cpu']}, {found['cores']} cores, "
        f"{found['memory_mb']:,} MB",
        f"device          {found['device']}, {found['threads']} threads",
        f"super-networks  {net['path']}: {net['why']}",
        f"compiler        {found['compiler'] or 'none'}",
        f"packages        {packages}",
    ]
    return "\n".join([*lines, *(f"advice          {line}" for line in advice)])


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
