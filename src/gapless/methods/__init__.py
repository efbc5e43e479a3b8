"""Published systems, by name. A method is one file with one function that returns a `Recipe`."""

from gapless.core.index import Index
from gapless.engine.recipe import Recipe

INDEX: Index[Recipe] = Index(
    "method",
    {
        "amended-darts": "gapless.methods.amended_darts:amended_darts",
        "asap": "gapless.methods.asap:asap",
        "autoslim": "gapless.methods.autoslim:autoslim",
        "bayesnas": "gapless.methods.bayesnas:bayesnas",
        "beta-darts": "gapless.methods.beta_darts:beta_darts",
        "cdarts": "gapless.methods.cdarts:cdarts",
        "conas": "gapless.methods.conas:conas",
        "da2s": "gapless.methods.da2s:da2s",
        "darts": "gapless.methods.darts:darts",
        "darts-2nd": "gapless.methods.darts_2nd:darts_2nd",
        "darts-ada": "gapless.methods.darts_ada:darts_ada",
        "darts-es": "gapless.methods.darts_es:darts_es",
        "darts-plus": "gapless.methods.darts_plus:darts_plus",
        "darts-pt": "gapless.methods.darts_pt:darts_pt",
        "ddpnas": "gapless.methods.ddpnas:ddpnas",
        "dropnas": "gapless.methods.dropnas:dropnas",
        "enas": "gapless.methods.enas:enas",
        "factorizable": "gapless.methods.factorizable:factorizable",
        "fair-darts": "gapless.methods.fair_darts:fair_darts",
        "fairnas": "gapless.methods.fairnas:fairnas",
        "gapless": "gapless.methods.gapless:gapless",
        "gdas": "gapless.methods.gdas:gdas",
        "gold-nas": "gapless.methods.gold_nas:gold_nas",
        "milenas": "gapless.methods.milenas:milenas",
        "milenas-2nd": "gapless.methods.milenas_2nd:milenas_2nd",
        "nasp": "gapless.methods.nasp:nasp",
        "ofa": "gapless.methods.ofa:ofa",
        "one-level": "gapless.methods.one_level:one_level",
        "p-darts": "gapless.methods.p_darts:p_darts",
        "pc-darts": "gapless.methods.pc_darts:pc_darts",
        "proxylessnas": "gapless.methods.proxylessnas:proxylessnas",
        "proxylessnas-rl": "gapless.methods.proxylessnas_rl:proxylessnas_rl",
        "r-darts-dp": "gapless.methods.r_darts_dp:r_darts_dp",
        "r-darts-l2": "gapless.methods.r_darts_l2:r_darts_l2",
        "random": "gapless.methods.random:random",
        "sdarts-adv": "gapless.methods.sdarts_adv:sdarts_adv",
        "sdarts-rs": "gapless.methods.sdarts_rs:sdarts_rs",
        "sgas-1": "gapless.methods.sgas_1:sgas_1",
        "sgas-2": "gapless.methods.sgas_2:sgas_2",
        "snas": "gapless.methods.snas:snas",
        "spos": "gapless.methods.spos:spos",
        "stacnas": "gapless.methods.stacnas:stacnas",
    },
)
PRESETS = ("paper", "quick")


def get(name: str, preset: str = "paper") -> Recipe:
    """The recipe of a method.

    Args:
        name: as in `names`.
        preset: ``paper`` for the published defaults, ``quick`` for two cores.

    Raises:
        UnknownName: no such method or preset, with the nearest name.
    """
    from gapless.core.errors import UnknownName

    if preset not in PRESETS:
        raise UnknownName("preset", preset, PRESETS)
    return INDEX.get(name, quick=preset == "quick")


def names() -> list[str]:
    """Names of all methods."""
    return sorted(INDEX)
