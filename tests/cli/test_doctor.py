"""gapless doctor."""

from __future__ import annotations

import json

import pytest

from gapless.job.doctor import examined, told
from gapless.nets import native

from .conftest import Command


def test_says_which_path_is_in_use(gapless: Command) -> None:
    found = json.loads(gapless("doctor", "--json").out)
    assert found["super_network"]["path"] in ("native", "torch")
    assert found["advice"] == [] or found["super_network"]["path"] == "torch"
    assert "super-networks" in gapless("doctor").out


def test_says_why_there_are_no_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "library", lambda name: native.Path("/nowhere"))
    native.load.cache_clear()
    try:
        found = examined()
    finally:
        monkeypatch.undo()
        native.load.cache_clear()
    assert found["super_network"]["path"] == "torch"
    assert "compiler" in told(found)
    assert any("gapless.native.build" in line for line in found["advice"])
