"""Data of your own: any pair of map-style data sets of (image, label).

python examples/03_own_data.py runs/shapes
"""

import sys

import numpy as np

import gapless


class Stripes:
    """Noisy 12x12 images with horizontal, vertical or diagonal stripes."""

    def __init__(self, n: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        rows, columns = np.mgrid[:12, :12]
        waves = np.stack([rows, columns, rows + columns]) % 4 < 2
        self.labels = np.arange(n) % 3
        noise = rng.integers(0, 120, (n, 12, 12))
        self.images = (waves[self.labels] * 130 + noise).astype(np.uint8)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, i: int) -> tuple[np.ndarray, int]:
        return self.images[i], int(self.labels[i])


def main(run: str, **options: object) -> None:
    data = gapless.data.from_datasets(
        Stripes(300, 0), Stripes(90, 1), name="stripes", classes=("horizontal", "vertical", "diagonal")
    )
    found = gapless.search(space="chain", data=data, method="spos", seed=0, run=run, **options)
    print(found.arch)
    print(f"test accuracy {100 * found.score:.2f} %")
    network = found.network()
    print(sum(p.numel() for p in network.parameters()), "parameters")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "runs/stripes", progress=True)
