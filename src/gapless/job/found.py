"""Found: what a finished (or interrupted) search has to show."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from gapless.core import Arch
from gapless.core.errors import BadRunFolder
from gapless.core.files import quoted
from gapless.engine.folder import RunFolder, unfinished
from gapless.job.findings import trainings
from gapless.job.plan import Plan

JUDGED = ("chain", "gap", "deployment", "audit", "accuracy", "baseline", "verdict", "checklist")


@dataclass(frozen=True)
class Found:
    """The result of a search.

    Args:
        plan: what was asked.
        folder: where everything lies.
    """

    plan: Plan
    folder: RunFolder

    @property
    def path(self) -> Path:
        return self.folder.path

    @property
    def arch(self) -> Arch:
        """The architecture.

        Raises:
            BadRunFolder: none is known yet.
        """
        if not self._holds("architecture.json"):
            raise BadRunFolder(
                expected=f"an architecture in '{self.path}'",
                got="a search that was stopped before it knew one",
                do=f"continue it with '{self.plan.request.again(self.path)}'",
            )
        return Arch.from_json(self.folder.read_json("architecture.json"))

    @property
    def findings(self) -> dict[str, Any]:
        """Everything that was measured, as in ``findings.json``.

        Raises:
            BadRunFolder: the search has not ended.
        """
        if not self._holds("findings.json"):
            raise self._unfinished()
        return self.folder.read_object("findings.json")

    @property
    def score(self) -> float:
        """Mean test accuracy of the network trained for use, in [0, 1].

        Raises:
            BadRunFolder: it was not trained yet.
        """
        if "accuracy" not in self.findings:
            raise self._untrained()
        return float(self.findings["accuracy"]["test"]["mean"])

    def network(self, seed: int | None = None) -> nn.Module:
        """The trained network, a plain module in evaluation mode: `n x c x h x w`, normalised as
        ``data.mean`` and ``data.std`` say, to logits `n x classes`.

        Args:
            seed: which of its trainings; the first where None.

        Raises:
            BadRunFolder: it was not trained yet.
        """
        from gapless.job.work import stored_network

        measured = self.folder.read_object("measured.json") if self._holds("measured.json") else {}
        if "arch" not in measured:
            raise self._unfinished()
        records = trainings(measured, "deploy", self.arch)
        records = [r for r in records if seed is None or r["seed"] == seed]
        if not records:
            raise self._untrained()
        return stored_network(self.plan, self.folder, self.arch, int(records[0]["seed"]))

    def audit(
        self, archs: int | None = None, seeds: int | None = None, sample: int = 8,
        budget: float | None = None, deployed: int | None = None, truth: str | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """The gap, term by term; what is missing is measured now.

        Args:
            archs: random architectures of the baseline.
            seeds: trainings of the found architecture.
            sample: sub-networks that are trained alone, to rank the shared weights by; 0 leaves it at the
                accuracy chain and the baseline.
            budget: seconds after which no more terms of the gap are begun.
            deployed: how many of them are trained in the deployment's shape as well.
            truth: ``table:FILE,accuracy=COLUMN``; they are looked up there instead.

        Returns:
            The blocks of the findings that judge: ``chain``, ``gap``, ``deployment``, ``audit``,
            ``accuracy``, ``baseline``, ``verdict`` and ``checklist``.
        """
        from gapless.job.job import continued

        found = continued(
            self.plan, self.folder, budget=budget, truth=truth, archs=archs, seeds=seeds, sample=sample,
            deployed=deployed, retrain=True, audit=True,
        ).findings  # fmt: skip
        return {block: found[block] for block in JUDGED if block in found}

    def report(self) -> Path:
        """Writes ``report.html`` anew and returns its path."""
        from gapless.report import write

        return write(self.folder.path)

    def _holds(self, name: str) -> bool:
        return RunFolder.holds(self.path, name)

    def _unfinished(self) -> BadRunFolder:
        return unfinished(self.path, self.plan.request.again(self.path))

    def _untrained(self) -> BadRunFolder:
        by_object = bool(self.plan.request.objects)
        return BadRunFolder(
            expected=f"a trained network in '{self.path}'",
            got="a search that was not followed by a training",
            do="train it with "
            + ("its audit(sample=0)" if by_object else f"'gapless retrain {quoted(self.path)}'"),
        )
