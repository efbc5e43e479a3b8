"""The page of speed says what was measured, and what measures it runs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks import run, table

ROOT = Path(__file__).parents[2]


def test_the_document_is_what_was_measured():
    measured = json.loads((ROOT / "benchmarks" / "results.json").read_text())
    assert (ROOT / "docs" / "performance.md").read_text() == table.text(measured)
    assert set(run.PARTS) - {"quick"} <= set(measured)


@pytest.mark.slow
def test_a_part_can_be_measured_alone(tmp_path):
    """Nothing of the project is written; what the file holds of other parts stays."""
    before = (ROOT / "benchmarks" / "results.json").read_bytes()
    results = tmp_path / "results.json"
    results.write_text('{"machine": {}, "kept": 1}')
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.run", "--quick", "--only", "growth", "--to", str(results)],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    found = json.loads(results.read_text())
    assert found["kept"] == 1
    (config,) = found["growth"]["batch"]
    assert config["plain"]["ratio"] == 1
    assert config["fast"]["ratio"] > 0
    assert f"{config['fast']['ratio']:.2f}" in done.stdout
    assert (ROOT / "benchmarks" / "results.json").read_bytes() == before
