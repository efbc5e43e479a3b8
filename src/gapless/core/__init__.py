"""Values and contracts: spaces, architectures, progress, random streams, errors. No torch here."""

from gapless.core.arch import Arch
from gapless.core.groups import Group
from gapless.core.progress import ByStage, Cosine, Geometric, Linear, Progress, Schedule, at
from gapless.core.space import Choice, Path, Space
from gapless.core.streams import Streams

__all__ = [
    "Arch", "ByStage", "Choice", "Cosine", "Geometric", "Group", "Linear", "Path", "Progress", "Schedule",
    "Space", "Streams", "at",
]  # fmt: skip
