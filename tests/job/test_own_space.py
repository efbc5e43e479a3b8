"""A search in somebody's own module from somebody's own script, to its ONNX file; killed and resumed."""

from __future__ import annotations

import importlib.machinery
import json
import os
import runpy
import subprocess
import sys
import textwrap
import time
import types
from pathlib import Path

import onnxruntime
import pytest

import gapless
from gapless.core import Streams
from gapless.data import get
from gapless.engine.folder import RunFolder
from gapless.job.alone import Errand, Setting
from gapless.job.alone import script as importable
from gapless.job.crew import Crew, Unfit
from gapless.job.job import begin
from gapless.job.plan import Plan, plan
from gapless.job.request import Request
from gapless.job.work import Work

pytestmark = pytest.mark.slow
MODULE = textwrap.dedent('''
    from torch import nn

    from gapless.nn import Choose, Kernel, Repeat, Width


    def conv(c_in, c_out, kernel=3):
        layer = nn.Conv2d(c_in, c_out, kernel, padding=kernel // 2, bias=False)
        return nn.Sequential(layer, nn.BatchNorm2d(c_out), nn.ReLU())


    def block(width):
        depthwise = Kernel(lambda k: nn.Conv2d(width, width, k, padding=k // 2, groups=width), (3, 5))
        return nn.Sequential(conv(4, width, 1), depthwise, conv(width, 4, 1))


    class Net(nn.Sequential):
        def __init__(self, image):
            super().__init__(
                conv(image.channels, 4),
                Choose(conv=conv(4, 4), deep=nn.Sequential(Choose(a=conv(4, 4, 1), b=nn.ReLU()))),
                Repeat(lambda i: conv(4, 4), (1, 2)),
                Width(block, (4, 8)),
                nn.AdaptiveAvgPool2d(1),
                nn.Flatten(),
                nn.Linear(4, image.classes),
            )
''')  # fmt: skip
MAIN = textwrap.dedent("""
    import sys
    from pathlib import Path

    import gapless


    def main(run, retrain=True):
        space = gapless.spaces.from_module(Net)
        if Path(run, "run.json").exists():
            found = gapless.resume(run, space=space)
        else:
            found = gapless.search(
                space=space, data="digits", method="spos", run=run, epochs=12, archs=1, seeds=1,
                retrain=retrain,
                settings={"data.limit": 100, "batch": 16, "training.epochs": 1, "select.evaluations": 3},
            )
        print(found.arch)


    if __name__ == "__main__":
        main(sys.argv[1])
""")
SETS = {"training.epochs": 1, "training.batch": 32, "data.limit": 60}


def script(folder: Path, run: Path) -> subprocess.Popen[str]:
    source = str(Path(gapless.__file__).parents[1])
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": source}
    return subprocess.Popen(
        [sys.executable, str(folder / "mine.py"), str(run)], cwd=folder, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def test_a_script_that_was_killed_ends_like_one_that_was_not(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(MODULE + MAIN)
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    process = script(tmp_path, stopped)
    while not (stopped / "trace.csv").exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    process.kill()
    process.communicate()
    assert not (stopped / "findings.json").exists()
    runpy.run_path(str(tmp_path / "mine.py"))["main"](str(whole), retrain=False)
    process = script(tmp_path, stopped)
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    assert out.startswith("1: ")
    measured = [json.loads((run / "measured.json").read_text()) for run in (whole, stopped)]
    for name in ("arch", "a1", "a2"):
        one, other = (
            {k: v for k, v in each[name].items() if k not in ("seconds", "threads")} for each in measured
        )
        assert one == other
    session = onnxruntime.InferenceSession(str(stopped / "model.onnx"), providers=["CPUExecutionProvider"])
    images = next(iter(get("digits").ordered("test", 5, "cpu")))[0]
    (logits,) = session.run(None, {"images": images.numpy()})
    assert logits.shape == (5, 10)


LOUD = textwrap.dedent("""
    class Loud(Net):
        def forward(self, x):
            print("one forward")
            return super().forward(x)


    print("imported as", __name__)
    if __name__ == "__main__":
        import sys
        from pathlib import Path

        import gapless
        from gapless.core import Streams
        from gapless.engine.folder import RunFolder
        from gapless.job.alone import Errand, Setting
        from gapless.job.crew import Crew
        from gapless.job.plan import plan
        from gapless.job.request import Request

        request = Request("object", "digits", "spos", sets=(("training.epochs", "1"), ("data.limit", "60")))
        of = plan(request, gapless.spaces.from_module(Loud))
        setting = Setting.of(of, RunFolder.create(sys.argv[1], {}).path, 1, 0.0)
        arch = of.space.choices.sample(Streams(0).generator("script"))
        crew = Crew(
            setting, 1, lambda e, r: print("stored", e.name), lambda n: None, print, lambda: False
        )
        crew.do([Errand("baseline", arch, 0)])
""")


def test_workers_import_a_script_and_what_it_prints_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(MODULE + LOUD)
    out, err = (process := script(tmp_path, tmp_path / "run")).communicate(timeout=240)
    assert process.returncode == 0, err
    assert "stored baseline-" in out
    assert "imported as __mp_main__" in err
    assert "one forward" in err


@pytest.mark.parametrize(
    ("text", "can"),
    [
        ("x = 1\nif __name__ == '__main__':\n    pass\n", True),
        ('if __name__ == "__main__":\n    pass\n', True),
        ("print('search')\n", False),
        ("def f():\n    if __name__ == '__main__':\n        pass\n", False),
        ("if", False),
    ],
)
def test_a_script_is_imported_only_where_it_is_made_for_that(
    text: str, can: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, main = tmp_path / "main.py", types.ModuleType("__main__")
    place.write_text(text)
    monkeypatch.setitem(sys.modules, "__main__", main)
    assert importable() is None, "a session without a file"
    main.__file__ = str(place)
    assert importable() == (str(place) if can else None)
    main.__spec__ = importlib.machinery.ModuleSpec("main", None)
    assert importable() is None, "python -m"


def planned(module: types.ModuleType) -> Plan:
    sets = tuple((key, str(value)) for key, value in SETS.items())
    request = Request("object", "digits", "spos", sets=sets, archs=1, seeds=1)
    return plan(request, gapless.spaces.from_module(module.Net))


def errands(of: Plan) -> list[Errand]:
    rng = Streams(0).generator("errands")
    return [Errand("baseline", of.space.choices.sample(rng), i) for i in range(2)]


def test_workers_import_what_lies_beside_the_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "beside.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    of = planned(__import__("beside"))
    setting = Setting.of(of, RunFolder.create(tmp_path / "run", {}).path, 1, 0.0)
    assert setting is not None
    assert setting.given is not None
    records: dict[str, object] = {}
    Crew(
        setting, 1, lambda e, r: records.update({e.name: r}), lambda n: None, lambda line: None, lambda: False
    ).do(errands(of))
    assert set(records) == {errand.name for errand in errands(of)}
    monkeypatch.delitem(sys.modules, "beside")


class Lines:
    """Keeps what is said."""

    def __init__(self) -> None:
        from gapless.job.show import Quiet

        self.lines: list[str] = []
        self.track = Quiet().track

    def say(self, line: str) -> None:
        self.lines.append(line)


def test_what_no_worker_can_import_is_trained_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = types.ModuleType("nowhere_to_be_found")
    monkeypatch.setitem(sys.modules, nowhere.__name__, nowhere)
    exec(compile(MODULE, "nowhere", "exec"), nowhere.__dict__)
    of, show = planned(nowhere), Lines()
    folder = begin(of, tmp_path / "run")
    setting = Setting.of(of, folder.path, 1, 0.0)
    assert setting is not None
    crew = Crew(setting, 1, lambda e, r: None, lambda n: None, show.say, lambda: False)
    with pytest.raises(Unfit, match="No module named 'nowhere_to_be_found'"):
        crew.do(errands(of))
    monkeypatch.setattr("gapless.job.work.processors", lambda: 2)
    work = Work(of, folder, show, types.SimpleNamespace(asked=False))  # type: ignore[arg-type]
    work.train(errands(of))
    assert {errand.name for errand in errands(of)} <= set(work.measured)
    (line,) = show.lines
    assert "one after the other" in line
    assert "nowhere_to_be_found" in line


def test_its_shared_weights_score_an_exploration(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(MODULE)
    space = gapless.spaces.from_module(runpy.run_path(str(tmp_path / "mine.py"))["Net"])
    run = str(tmp_path / "o1")
    settings = {**SETS, "batch": 16, "select.evaluations": 3}
    gapless.search(space, "digits", "spos", run=run, epochs=1, retrain=False, audit=False, settings=settings)
    found = gapless.explore(
        space, "random", f"inherited:{run}", run=tmp_path / "e", trials=2, settings={"data.limit": 60}
    )
    assert found.findings["trials"] == 2
