"""Build hook: compiles the native kernels where that is possible; the package works without them."""

from __future__ import annotations

import importlib.util
import os
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


def _build() -> Any:
    path = Path(__file__).parent / "src" / "gapless" / "native" / "build.py"
    spec = importlib.util.spec_from_file_location("gapless_native_build", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class NativeKernels(BuildHookInterface):  # type: ignore[type-arg]
    """A compiler from PyPI stands in where the machine has none."""

    def _wanted(self) -> bool:
        return self.target_name == "wheel" and os.name == "posix" and not os.environ.get("GAPLESS_PURE")

    def dependencies(self) -> list[str]:
        return ["ziglang>=0.13"] if self._wanted() and _build().compiler() is None else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if not self._wanted():
            return
        native = _build()
        try:
            libraries = native.build()
        except RuntimeError as error:
            print(f"gapless: without native kernels ({error})", file=sys.stderr)
            return
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
        for path in libraries:
            build_data["force_include"][str(path)] = f"gapless/native/{path.name}"
