"""The gap of a search, term by term: from the super-network to the network that is used.

python examples/06_gap_audit.py runs/gap
"""

import sys

import gapless

SMALL = {"space.nodes": 2, "search.depth": 2, "search.channels": 8, "deploy.channels": 8}


def main(run: str, settings: dict[str, object], **options: object) -> None:
    found = gapless.search(
        space="darts", data="digits", method="darts", seed=0, run=run, settings=SMALL | settings, **options
    )
    judged = found.audit(sample=4)
    for step in judged["gap"]:
        print(f"{step['term']:<24} {100 * step['size']:+.1f} points")
    audit = judged["audit"]
    print(f"training omega on        {100 * audit['suboptima']['gain']:+.1f} points")
    for rule in audit["mathematical"]["rules"]:
        if rule["rule"] == "own" and rule["search"]:
            print(f"error of the update rule {rule['search']['error']:.2f}")
    print(f"tau of shared weights    {audit['ranking']['recalibrated']['tau']['value']}")
    if judged.get("verdict"):
        print(judged["verdict"]["sentence"])
    print(found.report())


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "runs/gap", {}, epochs=4, archs=3, seeds=1, progress=True)
