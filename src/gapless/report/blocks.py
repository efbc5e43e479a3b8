"""Findings read with care: anything of the wrong kind is taken as absent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def block(findings: Any, *names: str) -> Mapping[str, Any]:
    """The mapping below these names; an empty one where there is none."""
    for name in names:
        findings = findings.get(name) if isinstance(findings, Mapping) else None
    return findings if isinstance(findings, Mapping) else {}


def rows(value: Any) -> list[Mapping[str, Any]]:
    """The mappings of a list."""
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list | tuple) else []
