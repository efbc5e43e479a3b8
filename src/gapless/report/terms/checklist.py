"""The checklist of good practice in words."""

from __future__ import annotations

from typing import Any

from gapless.report.blocks import rows
from gapless.report.terms.told import Told


def told(found: Any) -> Told | None:
    """None where findings hold no checklist."""
    entries = rows(found)
    if not entries:
        return None
    met = sum(bool(one.get("met")) for one in entries)
    table = [
        (
            str(one.get("practice") or ""),
            "followed" if one.get("met") else "missing",
            str((one.get("shown") if one.get("met") else one.get("do")) or ""),
        )
        for one in sorted(entries, key=lambda one: bool(one.get("met")))
    ]
    lead = f"{met} of {len(entries)} practices are followed."
    if met < len(entries):
        lead += " What is missing comes first, with what would complete it."
    return Told(lead, (), ("practice", "state", "what shows it, or what to do"), tuple(table))
