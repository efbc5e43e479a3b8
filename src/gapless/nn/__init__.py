"""What can be chosen inside any ``nn.Module``.

    Choose   one of several modules
    Repeat   how many layers
    Width    a number of channels, of one tensor
    Kernel   a size of kernel, of one tensor

`gapless.spaces.from_module` reads the space off a module that holds some of them, also in one another.
"""

from gapless.nn.choose import Choose
from gapless.nn.repeat import Repeat
from gapless.nn.sliced import Kernel, Width

__all__ = ["Choose", "Kernel", "Repeat", "Width"]
