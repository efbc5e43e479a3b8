"""What a space remembers about architectures is in no copy of it and changes no answer."""

import pickle

import pytest

from gapless.core import Choice, Space
from gapless.core import space as module
from gapless.core.errors import BadValue


def test_a_pickled_space_is_its_choices_and_the_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(module, "CHECKED", 3)
    space = Space((Choice("a", dict.fromkeys("xyz")), Choice("b", dict.fromkeys("xyz"))))
    archs = list(space)
    other = Space((Choice("a", dict.fromkeys("xy")), Choice("b", dict.fromkeys("xyz"))))
    for _ in range(2):
        assert all(arch in space for arch in archs)
        assert sum(arch in other for arch in archs) == 6
        with pytest.raises(BadValue):
            other.check(archs[2])
    assert len(space._checked) <= 3
    assert pickle.loads(pickle.dumps(space)) == space
    assert set(vars(pickle.loads(pickle.dumps(space)))) == {"choices"}
    again = pickle.loads(pickle.dumps(archs))
    assert again == archs
    assert list(map(hash, again)) == list(map(hash, archs))
