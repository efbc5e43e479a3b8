"""The Python interface, from a data set as objects to a network, a report and an ONNX file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from tests.job.tiny import SETTINGS

import gapless
from gapless.core.errors import BadRunFolder, BadValue, UnknownName
from gapless.data import Data, from_datasets
from gapless.job.found import Found

CLASSES = ("red", "green", "blue")
SMALL = {key: value for key, value in SETTINGS.items() if not key.startswith("data.")}


class Coloured:
    """Noise of 3 x 12 x 10 with one channel brighter: the class."""

    def __init__(self, count: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.labels = np.arange(count) % 3
        self.images = rng.integers(0, 120, (count, 3, 12, 10), dtype=np.uint8)
        self.images[np.arange(count), self.labels] += 100

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, i: int) -> tuple[np.ndarray, int]:
        return self.images[i], int(self.labels[i])


TEST = Coloured(45, 1)


def coloured(seed: int = 0) -> Data:
    return from_datasets(Coloured(90, seed), TEST, classes=CLASSES)


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Found:
    run = tmp_path_factory.mktemp("python") / "run"
    # 40 epochs of training, so that the accuracy is not that of chance
    settings = {**SMALL, "training.epochs": 40, "training.weights.lr": 0.1}
    return gapless.search(
        space="darts", data=coloured(), method="darts", run=run, epochs=1, settings=settings, archs=1, seeds=1
    )


@pytest.fixture
def found(once: Found, tmp_path: Path) -> Found:
    """A finished search; a copy for this test."""
    shutil.copytree(once.path, tmp_path / "run")
    return gapless.resume(tmp_path / "run", data=coloured())


def accuracy(net: torch.nn.Module, data: Data) -> float:
    right = [net(x).argmax(1) == y for x, y in data.ordered("test", 7, "cpu")]
    return torch.cat(right).double().mean().item()


def test_what_it_found(once: Found) -> None:
    found = once.findings
    assert found["finished"] is True
    assert found["question"]["data"] == "custom"
    assert "3 classes, 3x12x10 images" in found["question"]["sentence"]
    assert once.arch.key == found["architecture"]["key"]
    assert gapless.spaces.get("darts").size() == (1 * 3 * 6 * 10 * 7**8) ** 2
    assert found["accuracy"]["test"]["n_images"] == 45
    assert [rung["name"] for rung in found["chain"]] == ["a0", "a1", "a2", "a3", "a4"]
    total = sum(step["size"] for step in found["gap"])
    assert total == pytest.approx(found["chain"][-1]["accuracy"] - found["chain"][0]["accuracy"], abs=1e-12)


def test_the_network_is_as_good_as_the_findings_say(once: Found) -> None:
    net = once.network()
    assert isinstance(net, torch.nn.Module)
    assert not net.training
    assert sum(p.numel() for p in net.parameters()) == once.findings["cost"]["params"]
    with torch.no_grad():
        found = accuracy(net, coloured())
    assert found == pytest.approx(once.findings["accuracy"]["test"]["values"][0], abs=1e-12)
    assert found == pytest.approx(once.score, abs=1e-12)
    assert found > 0.6, "three times better than chance is what makes this a test"
    assert net(torch.zeros(2, 3, 12, 10)).shape == (2, 3)


def test_the_onnx_file_takes_plain_images_and_is_as_good(once: Found) -> None:
    session = onnxruntime.InferenceSession(str(once.path / "model.onnx"), providers=["CPUExecutionProvider"])
    (logits,) = session.run(None, {"images": TEST.images.astype(np.float32) / 255})
    right = (np.asarray(logits).argmax(1) == TEST.labels).mean()
    assert right == pytest.approx(once.score, abs=1e-12)
    assert json.loads(session.get_modelmeta().custom_metadata_map["gapless.classes"]) == list(CLASSES)


def test_audit_measures_what_is_missing(found: Found) -> None:
    before = found.findings
    judged = ("chain", "gap", "accuracy", "baseline", "verdict", "checklist")
    assert found.audit(sample=0) == {k: before[k] for k in judged}
    more = found.audit(archs=2, seeds=2, sample=0)
    assert more["baseline"]["n"] == 2
    assert len(more["accuracy"]["test"]["values"]) == 2
    assert more["accuracy"]["test"]["values"][0] == before["accuracy"]["test"]["values"][0]
    assert more["baseline"]["archs"][0] == before["baseline"]["archs"][0]
    assert more["chain"] == before["chain"]
    net = found.network(seed=1)
    with torch.no_grad():
        assert accuracy(net, coloured()) == pytest.approx(more["accuracy"]["test"]["values"][1], abs=1e-12)
    with pytest.raises(BadRunFolder, match="a trained network"):
        found.network(seed=7)


def test_report(found: Found) -> None:
    path = found.report()
    assert path == found.path / "report.html"
    page = path.read_text()
    assert found.arch.key in page or found.findings["architecture"]["text"][:20] in page.replace("&lt;", "<")


def test_objects_are_given_again(once: Found, tmp_path: Path) -> None:
    shutil.copytree(once.path, tmp_path / "run")
    with pytest.raises(BadRunFolder, match=r"the data .* as a Python object; got none; .*gapless\.resume\("):
        gapless.resume(tmp_path / "run")
    with pytest.raises(BadRunFolder, match="was begun with"):
        gapless.resume(tmp_path / "run", data=coloured(seed=5))
    assert gapless.resume(tmp_path / "run", data=coloured()).arch == once.arch


def test_space_and_method_as_objects_are_the_named_ones(tmp_path: Path) -> None:
    space, method = gapless.spaces.get("darts"), gapless.methods.get("darts", "quick")
    options = {"epochs": 1, "settings": SMALL, "retrain": False, "audit": False}
    one = gapless.search("darts", coloured(), "darts", run=tmp_path / "a", **options)
    two = gapless.search(space, coloured(), method, run=tmp_path / "b", **options)
    assert one.arch == two.arch
    for name in ("trace.csv", "alpha.csv"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    with pytest.raises(BadRunFolder, match="a trained network"):
        _ = one.score
    with pytest.raises(BadRunFolder, match=r"train it with its audit\(sample=0\)"):
        one.network()


def test_refused_before_anything_is_written(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with pytest.raises(UnknownName, match="did you mean 'darts'"):
        gapless.search("dart", coloured(), run=run)
    with pytest.raises(BadValue, match="data as a Python object"):
        gapless.search("darts", coloured(), run=run, settings={"data.limit": 60})
    with pytest.raises(BadValue, match="a seed"):
        gapless.search("darts", coloured(), run=run, seed=-1)
    assert not run.exists()


def test_nothing_is_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    gapless.search("darts", coloured(), run=tmp_path / "a", epochs=1, settings=SMALL, retrain=False)
    assert capfd.readouterr() == ("", "")


def test_callers_random_numbers_are_left_alone(tmp_path: Path) -> None:
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    state = np.random.get_state()[1].copy()
    gapless.search("darts", coloured(), run=tmp_path / "a", epochs=1, settings=SMALL, retrain=False)
    assert torch.equal(torch.rand(4), expected)
    assert np.array_equal(np.random.get_state()[1], state)


def test_limits_from_python(tmp_path: Path) -> None:
    """What a search may cost, of the network for use; nothing dearer is ever scored."""
    settings = {
        "data.limit": 60, "batch": 16, "search.channels": 4, "deploy.channels": 4,
        "select.evaluations": 4, "select.evaluator.batches": 1,
    }  # fmt: skip
    small: dict[str, object] = {"epochs": 1, "settings": settings, "retrain": False, "audit": False}
    found = gapless.search("chain", "digits", "spos", run=tmp_path / "a", limits={"params": "20k"}, **small)
    with pytest.raises(BadValue, match="units"):
        gapless.search("chain", "digits", "spos", run=tmp_path / "b", limits={"params": "many"}, **small)
    candidates = found.findings["candidates"]
    assert len(candidates) == 4
    assert max(one["params"] for one in candidates) <= 20_000
    assert found.plan.recipe.select.limits.most == (("params", 20000.0),)
    assert not (tmp_path / "b").exists()
