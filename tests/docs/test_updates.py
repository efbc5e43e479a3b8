"""The document of the update rules: what it says is what its program writes, and holds where it must."""

import math
from dataclasses import replace

import pytest
import torch
from benchmarks import updates
from benchmarks.quadratic import Quadratic

from gapless.parts.update.formula import Formula
from gapless.parts.update.inverse import Conjugate


def test_small():
    text = updates.text(n=5, k=2, draws=3, conditions=(2, 100))
    for name in updates.RULES:
        assert text.count(f"| {name} |") == 4 + (name in updates.SECOND)
    assert "| rule | 2 | 100 |" in text
    assert "nan" not in text


def test_exact_rules_are_at_nothing_and_poor_ones_are_not():
    exact = replace(updates.RULES["implicit, 10 conjugate gradients"], matrix=Conjugate(30))
    error, angle, second = updates.far(exact, 10, 0, n=6, k=3, steps=None)
    assert error < 1e-10
    assert angle < 1e-4
    assert second < 1e-4
    error, angle, _ = updates.far(Formula(), 10, 0, n=6, k=3, steps=None)
    assert error > 0.01
    assert angle > 1


def test_angles():
    x, y = torch.tensor([1.0, 0.0]), torch.tensor([1.0, 1.0])
    assert updates.angle(x, y) == pytest.approx(45, abs=1e-4)
    assert updates.angle(x, -x) == 180
    assert updates.angle(x, 0 * x) == 90


@pytest.mark.parametrize("condition", [2, 10_000])
def test_the_condition_is_the_condition(condition):
    spectrum = torch.linalg.eigvalsh(Quadratic.drawn(20, 5, condition, 1).hessian)
    assert spectrum.max().item() == pytest.approx(1)
    assert spectrum.min().item() == pytest.approx(1 / condition)
    steps = spectrum.log().diff()
    assert steps.min().item() == pytest.approx(math.log(condition) / 19)


@pytest.mark.golden
@pytest.mark.slow
def test_the_document_is_what_the_program_writes():
    assert updates.DOCUMENT.read_text() == updates.text()
