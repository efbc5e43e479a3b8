"""PC-DARTS against the oracle: network, gradient of alpha and beta; its constants; what it runs on."""

from dataclasses import replace

import pytest
import torch
from tests.oracles import pc_darts as oracle
from tests.parts.mapping import cell_name

import gapless.methods
import gapless.spaces
from gapless.core import Progress, Streams, at
from gapless.core.errors import BadValue, Incompatible
from gapless.engine.check import check, conflicts
from gapless.evaluate.inherited import Inherited
from gapless.nets.gate import onehot
from gapless.nets.statistics import still
from gapless.spaces.contract import Shape, inherit
from gapless.spaces.darts import Darts
from gapless.testing.methods import digits, shortened, started

PUBLISHED = gapless.methods.get("pc-darts")
TINY = (Darts(2), Shape(8, 3, affine=False, pool_norm=True))


def searching(k=4):
    recipe = shortened(gapless.methods.get("pc-darts", "quick"))
    stage = replace(recipe.stages[0], partial=k, freeze_alpha=0.0)
    run = started(replace(recipe, stages=(stage,)), TINY, double=True)
    draw = torch.Generator().manual_seed(1)
    for table in run.alpha.values():
        table.data += 0.5 * torch.randn(table.shape, generator=draw, dtype=torch.float64)
    return run


def named(run):
    """The run's weights under the oracle's names, as leaves."""
    return {
        cell_name(name.replace(".mixed.", ".")): value.detach().clone().requires_grad_()
        for name, value in run.net.named_parameters()
    }


def error(a, b):
    return ((a - b).norm() / b.norm()).item()


@pytest.mark.parametrize("k", [2, 4])
def test_the_network_is_the_published_one(k):
    run = searching(k)
    (x, y), _ = run.batches()
    ours = run.net(x, run.mix())
    w, alpha = named(run), {n: a.detach().clone().requires_grad_() for n, a in run.alpha.items()}
    theirs = oracle.logits(x, w, alpha, 3, 2, k)
    assert error(ours, theirs) < 1e-10
    run.loss(ours, y).backward()
    torch.nn.functional.cross_entropy(theirs, y).backward()
    assert max(error(run.alpha[name].grad, alpha[name].grad) for name in alpha) < 1e-9
    by_w = {cell_name(n.replace(".mixed.", ".")): p.grad for n, p in run.net.named_parameters()}
    assert max(error(by_w[name], w[name].grad) for name in w) < 1e-8


def test_the_gradient_of_alpha_and_beta():
    run = searching()
    run.step()
    train, val = run.batches()
    with still(run.net):
        found, _ = run.stage.update.gradient(run, train, val)
    alpha = {n: a.detach().clone().requires_grad_() for n, a in run.alpha.items()}
    theirs = oracle.logits(val[0], named(run), alpha, 3, 2, 4)
    torch.nn.functional.cross_entropy(theirs, val[1]).backward()
    assert list(run.alpha) == list(alpha)
    assert max(error(g, a.grad) for g, a in zip(found, alpha.values(), strict=True)) < 1e-10


def test_operations_have_a_part_of_the_channels():
    run = searching()
    for name, value in run.net.named_parameters():
        if ".edges." in name:
            part = 2 << int(name.split(".")[1])  # cells of 8, 16 and 32 channels
            assert value.shape[0] == (part // 2 if "skip_connect" in name else part), name


def test_a_sub_network_of_the_search_shape_has_them_too():
    run = searching()
    run.step()
    arch = run.choices.sample(Streams(3).generator("arch"))
    (x, _), _ = run.batches()
    child = inherit(run.space, run.net.eval(), arch, run.net_shape, run.data.shape)
    with torch.no_grad():
        torch.testing.assert_close(child(x), run.net(x, onehot(run.choices, arch)), rtol=0, atol=1e-12)
    records = Inherited(1, 8).scores(
        run.space, run.net, [arch], run.net_shape, digits(), run.device, run.streams_of_run
    )
    assert 0 <= records[0].metrics["accuracy"] <= 1
    with pytest.raises(BadValue, match="missing in it"):
        inherit(run.space, run.net, arch, run.shape, run.data.shape)


def test_constants_as_published():
    stage, weights, alphas = PUBLISHED.stages[0], PUBLISHED.weights, PUBLISHED.alphas
    assert (PUBLISHED.epochs, PUBLISHED.batch, stage.partial) == (50, 256, 4)
    held = [e for e in range(50) if Progress(epoch=e, epochs=50).fraction("epoch") < stage.freeze_alpha]
    assert held == list(range(15))
    ends = [at(weights.lr, Progress(epoch=e, epochs=50)) for e in (0, 50)]
    assert ends == pytest.approx([0.1, 0.0], abs=1e-15)
    assert (weights.kind, weights.betas[0], weights.weight_decay, weights.clip) == ("sgd", 0.9, 3e-4, 5.0)
    assert (alphas.kind, alphas.lr, alphas.betas, alphas.weight_decay) == ("adam", 6e-4, (0.5, 0.999), 1e-3)
    assert (stage.relax.scale, stage.relax.edge_scale, stage.relax.temperature) == (1e-3, 1e-3, 1.0)


def test_a_chain_is_refused():
    (line,) = conflicts(PUBLISHED, gapless.spaces.get("chain"))
    assert "1/4 of the channels" in line
    assert "space 'chain' have no partial channels" in line
    with pytest.raises(Incompatible, match="partial channels"):
        check(PUBLISHED, gapless.spaces.get("chain"))
    for name in ("darts", "nb201"):
        check(PUBLISHED, gapless.spaces.get(name))
