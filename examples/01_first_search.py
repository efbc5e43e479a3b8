"""A first search: handwritten digits, no download.

python examples/01_first_search.py runs/first
"""

import sys

import gapless


def main(run: str, **options: object) -> None:
    found = gapless.search(space="darts", data="digits", method="darts", seed=0, run=run, **options)
    print(found.arch)
    print(f"test accuracy {100 * found.score:.2f} %")
    print(found.report())


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "runs/first", progress=True)
