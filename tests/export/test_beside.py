"""Files appear whole or not at all."""

from __future__ import annotations

import os
import stat

import pytest

from gapless.core.errors import Refused
from gapless.export.beside import beside, probe


def test_written_only_at_the_end(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    with beside(path) as place:
        place.write_text("new")
        assert path.read_text() == "old"
        assert place.parent == path.parent
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, Refused(expected="a", got="b", do="c")])
def test_an_error_leaves_the_old_file(tmp_path, error):
    path = tmp_path / "file"
    path.write_text("old")

    def interrupted():
        with beside(path) as place:
            place.write_text("half")
            raise error

    with pytest.raises(error if isinstance(error, type) else Refused):
        interrupted()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_one_line(tmp_path):
    with pytest.raises(Refused, match="No space left") as caught, beside(tmp_path / "file"):
        raise OSError(28, "No space left on device")
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_probe_leaves_nothing_and_keeps_what_is_there(tmp_path):
    path = tmp_path / "file"
    probe(path)
    assert list(tmp_path.iterdir()) == []
    path.write_text("old")
    probe(path)
    assert path.read_text() == "old"


@pytest.mark.skipif(os.name != "posix", reason="permission bits")
def test_readable_as_any_new_file(tmp_path):
    (tmp_path / "plain").write_text("")
    with beside(tmp_path / "file") as place:
        place.write_text("")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("plain", "file")}
    assert len(modes) == 1
