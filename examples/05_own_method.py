"""A method of your own: DARTS with another temperature and a regularizer that is written here.

python examples/05_own_method.py runs/method
"""

import sys
from dataclasses import dataclass, replace

import torch

import gapless
from gapless.core import Linear
from gapless.nets.gate import Mix
from gapless.parts.contract import RunView
from gapless.parts.relax.softmax import Softmax


@dataclass(frozen=True)
class Decided:
    """``weight * progress * mean_c H(gate_c)``: the entropy of each choice, charged more and more.

    Args:
        weight: at the end of the stage.
    """

    weight: float = 0.1

    def __call__(self, run: RunView, mix: Mix) -> torch.Tensor:
        gates = [gate.weight for gate in mix.values() if gate.weight is not None]
        entropies = torch.cat([torch.special.entr(table).sum(1) for table in gates])
        return self.weight * run.progress.fraction("step") * entropies.mean()


def main(run: str, **options: object) -> None:
    darts = gapless.methods.get("darts", "quick")
    stage = replace(darts.stages[0], relax=Softmax(temperature=Linear(2.0, 0.5)), regularize=(Decided(),))
    method = replace(darts, name="decided-darts", stages=(stage,))
    found = gapless.search(space="chain", data="digits", method=method, seed=0, run=run, **options)
    print(found.arch)
    print(f"test accuracy {100 * found.score:.2f} %")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "runs/method", progress=True)
