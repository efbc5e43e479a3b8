"""Every example runs, shortened by settings only."""

import runpy
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.py"))
SHORT = {"training.epochs": 1, "search.channels": 4, "deploy.channels": 4}
DARTS = {"search.depth": 2, "deploy.depth": 2}
AUDITED = {"data.limit": 60, "batch": 16, "search.depth": 1, "deploy.depth": 1}
GRADIENTS = ("05", "06")
"""Those that search by gradients alone, hence evaluate nothing at their end."""


def test_there_are_examples():
    assert len(EXAMPLES) >= 5


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_example(path, tmp_path, capsys):
    main = runpy.run_path(str(path))["main"]
    first = path.stem.startswith("01")
    evaluated = {} if path.stem.startswith(GRADIENTS) else {"select.evaluations": 3}
    settings = {**SHORT, **(DARTS if first else evaluated), **(AUDITED if path.stem.startswith("06") else {})}
    main(str(tmp_path / "run"), settings=settings, epochs=1, seeds=1, archs=3 if first else 0)
    assert capsys.readouterr().out.strip()
    assert (tmp_path / "run" / "report.html").stat().st_size > 10_000
    assert (tmp_path / "run" / "model.onnx").is_file()
