"""What an audit judges when a table tells the truth."""

from gapless.audit.terms import judged


def test_a_table_takes_the_place_of_trainings_for_the_ranking_alone():
    """Luck of the seed and the two shapes are told by our own trainings, whatever the table holds."""
    keys = "abcd"
    sample = {"archs": [{"key": key, "macs": i, "params": i} for i, key in enumerate(keys)]}
    shared = {"scores": [{"key": key, "accuracy": i / 10} for i, key in enumerate(keys)]}
    alone = {key: [0.5 + i / 10, 0.51 + i / 10] for i, key in enumerate(keys)}
    deployed = {key: [0.6 + i / 10] for i, key in enumerate(keys)}
    table = {"of": "t.csv", "accuracies": {key: 0.9 - i / 10 for i, key in enumerate(keys)}}
    own = judged({"sample": sample, "recalibrated": shared}, alone, deployed)
    told = judged({"sample": sample, "recalibrated": shared, "truth": table}, alone, deployed)
    assert own["ranking"]["recalibrated"]["tau"]["value"] == 1.0
    assert told["ranking"]["recalibrated"]["tau"]["value"] == -1.0
    assert told["noise"] == own["noise"]
    assert told["deployment"] == own["deployment"]
    assert told["deployment"]["tau"]["value"] == 1.0
