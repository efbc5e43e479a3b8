"""Findings as one self-contained HTML page that opens without a network.

`render` turns plain values into the page, `write` does it for a run folder. Nothing here imports torch, and
matplotlib is imported only when a page is drawn.
"""

from __future__ import annotations

from gapless.report.folder import write as write
from gapless.report.page import render as render

__all__ = ["render", "write"]
