"""A process that helps an exploration: ``python -m gapless.job.explorer DIR ROOT [DATA]``.

Standard input that ends means that the process it helps is gone: it goes too, at once, and leaves what it was
scoring to whoever resumes.
"""

from __future__ import annotations

import os
import sys
import threading

from gapless.core.errors import GaplessError, Interrupted
from gapless.job.explore import carried_out, reopened


def _leave() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


def main() -> None:
    """One worker, until nothing is left to do or it is asked to stop."""
    threading.Thread(target=_leave, daemon=True).start()
    try:
        path, root, *images = sys.argv[1:]
        carried_out(*reopened(path, root or None, *images), workers=1)
    except Interrupted as stop:  # whom it helps says so
        os._exit(stop.exit_status)
    except GaplessError as error:
        print(f"gapless: a helper stopped: {error}", file=sys.stderr)
        os._exit(error.exit_status)
    os._exit(0)  # the thread that reads would be in the way of an orderly end


if __name__ == "__main__":
    main()
