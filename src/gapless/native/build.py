"""Builds the native kernels with whatever C compiler there is; imports nothing but the standard library.

``python -m gapless.native.build`` builds them again in place.
"""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).resolve().parent
FLAGS = (
    "-std=gnu11", "-O2", "-fPIC", "-shared", "-fvisibility=hidden", "-ffp-contract=fast",
    "-fno-math-errno", "-fno-trapping-math", "-Wno-psabi",
)  # fmt: skip
_X86 = {
    "avx512": ("-mavx512f", "-mavx512vl", "-mavx512dq", "-mavx512bw", "-mavx2", "-mfma"),
    "avx2": ("-mavx2", "-mfma"),
}


def sets() -> dict[str, tuple[str, ...]]:
    """Instruction sets to build for, the widest first, and the flags of each."""
    return _X86 if platform.machine().lower() in ("x86_64", "amd64") else {"generic": ()}


def library(name: str, folder: Path = HERE) -> Path:
    """Where the library of an instruction set lies."""
    return folder / f"cell-{name}.so"


def compiler() -> list[str] | None:
    """The command of a C compiler: ``$CC``, cc, gcc, clang, or the one of the package ziglang."""
    if os.environ.get("CC"):
        return shlex.split(os.environ["CC"])
    for name in ("cc", "gcc", "clang"):
        if shutil.which(name):
            return [name]
    return [sys.executable, "-m", "ziglang", "cc"] if find_spec("ziglang") else None


def build(folder: Path = HERE) -> list[Path]:
    """Compiles every instruction set into ``folder`` and returns the libraries.

    Raises:
        RuntimeError: there is no compiler, or it fails; with its own words.
    """
    command = compiler()
    if command is None:
        raise RuntimeError("no C compiler: set CC, or install gcc, clang or the package ziglang")

    def one(name: str) -> Path:
        target = library(name, folder)
        part = target.with_suffix(f".{os.getpid()}.part")
        done = subprocess.run(
            [*command, *FLAGS, *sets()[name], str(HERE / "cell.c"), "-o", str(part), "-lm"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            part.unlink(missing_ok=True)
            raise RuntimeError(f"{shlex.join(command)} failed for {name}: {done.stderr.strip()[:2000]}")
        os.replace(part, target)
        return target

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(one, sets()))


if __name__ == "__main__":
    try:
        for path in build():
            print(path)
    except RuntimeError as error:
        sys.exit(str(error))
