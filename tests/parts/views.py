"""As much of a run as a sampler looks at."""

from types import SimpleNamespace

from gapless.core import Progress


def view(choices, gates=None, costs=None):
    return SimpleNamespace(
        choices=choices, progress=Progress(), gates=lambda: gates, costs=lambda kind: costs
    )
