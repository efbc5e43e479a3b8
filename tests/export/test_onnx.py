"""Export of real networks: the file alone, in ONNX Runtime, gives torch's numbers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

import gapless.spaces
from gapless.core.errors import BadValue, Refused
from gapless.data.shape import ImageShape
from gapless.export.onnx import Exported, to_onnx
from gapless.nets.seeded import seeded
from gapless.spaces.contract import Shape, subnet
from gapless.spaces.nb201 import Nb201

TINY = ImageShape(1, 4, 4, 3)
NB201 = "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_3x3~0|none~1|avg_pool_3x3~2|"
CASES = {
    "darts": (ImageShape(3, 13, 9, 5), Shape(8, 3)),
    "nb201": (ImageShape(1, 13, 9, 10), Shape(8, 1)),
    "chain": (ImageShape(3, 8, 8, 4), Shape(4)),
}


@dataclass
class Case:
    net: nn.Module
    image: ImageShape
    inputs: torch.Tensor
    mean: list[float]
    std: list[float]
    key: str
    folder: Path
    made: Exported
    random: tuple[torch.Tensor, torch.Tensor]
    state: dict[str, torch.Tensor]


def images(image, n, seed=0):
    return torch.rand(
        (n, image.channels, image.height, image.width), generator=torch.Generator().manual_seed(seed)
    )


@pytest.fixture(scope="module", params=CASES)
def case(request, tmp_path_factory):
    image, shape = CASES[request.param]
    space = gapless.spaces.get(request.param)
    arch = space.choices.sample(np.random.default_rng(3))
    if isinstance(space, Nb201):
        arch = space.from_string(NB201)
    mean, std = [0.3, 0.5, 0.4][: image.channels], [0.2, 0.3, 0.1][: image.channels]
    with seeded(1):
        net = subnet(space, arch, shape, image)
        for _ in range(20):  # running statistics that are not the initial ones
            net(torch.randn(16, image.channels, image.height, image.width))
    net.train()
    state = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    folder, inputs, before = tmp_path_factory.mktemp(request.param), images(image, 70), torch.get_rng_state()
    made = to_onnx(
        net, image, folder / "model.onnx", inputs=inputs, mean=mean, std=std,
        classes=tuple(f"Klasse {i} «ß»" for i in range(image.classes)), architecture=arch.key, seconds=0.05,
    )  # fmt: skip
    random = (before, torch.get_rng_state())
    return Case(net, image, inputs, mean, std, arch.key, folder, made, random, state)


def run(file, x):
    session = onnxruntime.InferenceSession(file.read_bytes(), providers=["CPUExecutionProvider"])
    return session.run(["logits"], {"images": x.numpy()})[0]


@pytest.mark.parametrize("n", [1, 5])
def test_numbers_of_the_file_are_those_of_the_network(case, n):
    x = images(case.image, n, seed=n)
    mean, std = (torch.tensor(v).view(1, -1, 1, 1) for v in (case.mean, case.std))
    case.net.eval()
    with torch.no_grad():
        expected = case.net((x - mean) / std).numpy()
    case.net.train()
    assert expected.std() > 1e-3
    np.testing.assert_allclose(run(case.made.file, x), expected, rtol=0, atol=1e-4 * np.ptp(expected))


def test_file_is_valid_and_alone(case):
    model = onnx.load(case.made.file, load_external_data=False)
    onnx.checker.check_model(model, full_check=True)
    assert [p.name for p in case.folder.iterdir()] == ["model.onnx"]
    assert not any(t.data_location == onnx.TensorProto.EXTERNAL for t in model.graph.initializer)
    assert [(o.domain, o.version) for o in model.opset_import if o.domain in ("", "ai.onnx")] == [("", 20)]
    (images_in,), (logits,) = model.graph.input, model.graph.output
    dims = [[d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim] for v in (images_in, logits)]
    image = case.image
    assert (images_in.name, logits.name) == ("images", "logits")
    assert dims == [["n", image.channels, image.height, image.width], ["n", image.classes]]
    assert not any(node.op_type == "Dropout" for node in model.graph.node)


def test_metadata_names_classes_and_no_path(case):
    meta = {p.key: p.value for p in onnx.load(case.made.file).metadata_props}
    assert json.loads(meta["gapless.classes"]) == [f"Klasse {i} «ß»" for i in range(case.image.classes)]
    assert meta["gapless.architecture"] == case.key
    assert meta["gapless.version"]
    content = case.made.file.read_bytes()
    assert b".py" not in content
    assert str(Path(gapless.spaces.__file__).parent).encode() not in content


def test_what_is_reported(case):
    made = case.made
    assert made.file == case.folder / "model.onnx"
    assert made.bytes == made.file.stat().st_size
    assert 0 <= made.relative_error <= 1e-4
    assert made.agreement == 1.0
    assert set(made.latency) == {"onnxruntime", "torch"}
    for latency in made.latency.values():
        assert 0 < latency.low_ms <= latency.median_ms <= latency.high_ms
        assert latency.threads == torch.get_num_threads()
    block = json.loads(json.dumps(made.to_json()))
    assert block["file"] == "model.onnx"
    assert block["latency_ms"]["torch"]["median"] == made.latency["torch"].median_ms


def test_network_and_random_numbers_are_untouched(case):
    assert all(module.training for module in case.net.modules())
    assert all(torch.equal(tensor, case.state[name]) for name, tensor in case.net.state_dict().items())
    assert torch.equal(*case.random)


def tiny():
    with seeded(2):
        return nn.Sequential(nn.Flatten(), nn.Linear(16, 3))


def export(net, path, image=TINY, **given):
    values = {"inputs": images(image, 6), "mean": [0.5], "std": [0.25], "seconds": 1e-3} | given
    return to_onnx(net, image, path, **values)


class Shifted(nn.Module):
    """Gives other logits when it is exported."""

    def __init__(self, by):
        super().__init__()
        self.net, self.by = tiny(), by

    def forward(self, x):
        y = self.net(x)
        return y + self.by if torch.compiler.is_exporting() else y


class Branching(nn.Module):
    """Depends on the data in a way that no graph can."""

    def __init__(self):
        super().__init__()
        self.net = tiny()

    def forward(self, x):
        return self.net(x) if float(x.sum()) > 0 else -self.net(x)


def refused(kind, call):
    with pytest.raises(kind) as caught:
        call()
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith("expected ")
    return line


def test_other_numbers_are_refused_and_the_old_file_stays(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"old")
    line = refused(Refused, lambda: export(Shifted(0.01), path))
    assert "a difference of 0.0" in line
    assert path.read_bytes() == b"old"
    path.unlink()
    refused(Refused, lambda: export(Shifted(0.01), path))
    assert list(tmp_path.iterdir()) == []
    assert export(Shifted(0.0), path).agreement == 1.0


def test_a_network_that_cannot_be_exported(tmp_path, capfd):
    line = refused(Refused, lambda: export(Branching(), tmp_path / "model.onnx"))
    assert "torch.onnx can export" in line
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


class Fixed(nn.Module):
    """``len(x)`` is a constant to whoever traces it."""

    def __init__(self):
        super().__init__()
        self.token = nn.Parameter(torch.zeros(1, 3))

    def forward(self, x):
        return x.mean((2, 3)).sum(1, keepdim=True) + self.token.expand(len(x), -1)


def test_a_network_that_fixes_the_number_of_images(tmp_path):
    line = refused(Refused, lambda: export(Fixed(), tmp_path / "model.onnx"))
    assert "fixes the number of images: take it from x.shape[0], not len(x)" in line
    assert list(tmp_path.iterdir()) == []


def test_one_image_and_double_precision(tmp_path):
    net = tiny().double()
    made = export(net, tmp_path / "model.onnx", inputs=images(TINY, 1).double())
    assert run(made.file, images(TINY, 5)).shape == (5, 3)
    assert next(net.parameters()).dtype == torch.float64


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"inputs": torch.zeros(0, 1, 4, 4)}, "0 x 1 x 4 x 4"),
        ({"inputs": torch.zeros(2, 3, 4, 4)}, "2 x 3 x 4 x 4"),
        ({"inputs": torch.zeros(2, 1, 4, 4, dtype=torch.uint8)}, "uint8"),
        ({"inputs": torch.full((2, 1, 4, 4), torch.nan)}, "not all finite"),
        ({"mean": [0.5, 0.5]}, "mean (0.5, 0.5)"),
        ({"std": [0.0]}, "std (0.0,)"),
        ({"classes": ("a", "b")}, "got 2"),
    ],
)
def test_values_that_do_not_fit(tmp_path, given, said):
    assert said in refused(BadValue, lambda: export(tiny(), tmp_path / "model.onnx", **given))
    assert list(tmp_path.iterdir()) == []


def test_networks_that_do_not_fit(tmp_path):
    path = tmp_path / "model.onnx"
    broken = tiny()
    with torch.no_grad():
        broken[1].weight.fill_(torch.nan)
    assert "not finite" in refused(Refused, lambda: export(broken, path))
    assert "6 x 3" in refused(Refused, lambda: export(tiny(), path, image=ImageShape(1, 4, 4, 2)))
    assert "1 x 5 x 5" in refused(Refused, lambda: export(tiny(), path, image=ImageShape(1, 5, 5, 3)))
    assert list(tmp_path.iterdir()) == []


def test_places_that_cannot_be_written_are_refused_before_any_compute(tmp_path):
    class Costly(nn.Module):
        def forward(self, x):
            raise AssertionError("computed")

    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    places = [tmp_path / "folder", tmp_path / "file" / "model.onnx", tmp_path / "missing" / "model.onnx"]
    places += [Path("/proc/model.onnx")] if sys.platform == "linux" else []
    if os.name == "posix" and os.geteuid() != 0:
        (tmp_path / "folder").chmod(0o555)
        places.append(tmp_path / "folder" / "model.onnx")
    for place in places:
        assert str(place) in refused(Refused, lambda place=place: export(Costly(), place))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder"]


def test_silent_in_a_process_of_its_own_and_light_to_import(tmp_path):
    code = """
import sys, torch
import gapless.export, gapless.export.onnx, gapless.export.weights, gapless.nets.latency
heavy = {"onnx", "onnxscript", "onnxruntime", "onnx_ir"} & set(sys.modules)
assert not heavy, heavy
from gapless.data.shape import ImageShape
nn = torch.nn
net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 3))
gapless.export.onnx.to_onnx(
    net, ImageShape(1, 4, 4, 3), sys.argv[1],
    inputs=torch.rand(4, 1, 4, 4), mean=[0.5], std=[0.2], seconds=0.01,
)
"""
    command = [sys.executable, "-W", "error", "-c", code, str(tmp_path / "model.onnx")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [p.name for p in tmp_path.iterdir()] == ["model.onnx"]
