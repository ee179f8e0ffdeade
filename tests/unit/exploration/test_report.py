"""The report's numbers are those of the maps and tables."""

import numpy as np
import pandas as pd

from braintumor.exploration.explore import compute_quartiles, round_floats, tabulate_effects, tabulate_tumors
from braintumor.exploration.image_features import TUMOR_FEATURES
from braintumor.exploration.statistics import Meta


def test_an_effect_is_summed_up_by_share_and_extreme() -> None:
    size, passed = np.zeros((10, 10), np.float32), np.zeros((10, 10), np.uint8)
    size[0, 0], passed[:5], passed[0] = -1.5, 1, 3
    meta = Meta({}, [0.05, 0.01, 0.001], {}, {"glioma": {"all": 9}, "notumor": {"all": 7}}, {}, "")
    report = tabulate_effects({"effect/glioma/notumor/all": size, "significance/glioma/notumor/all": passed}, meta)
    assert report == {
        "glioma/notumor/all": {
            "groups": [9, 7],
            "share_significant": {"0.05": 0.5, "0.01": 0.1, "0.001": 0.1},
            "largest": 1.5,
        }
    }


def test_tumours_are_summed_up_by_class() -> None:
    table = pd.DataFrame({name: [1.0, 2.0, 3.0, 9.0] for name in TUMOR_FEATURES})
    table["label"], table["group"] = ["glioma"] * 3 + ["pituitary"], ["g1", "g1", "g2", "g3"]
    report = tabulate_tumors(table)
    assert report["glioma"]["area"] == {"q25": 1.5, "median": 2.0, "q75": 2.5}
    assert (report["glioma"]["n"], report["glioma"]["groups"]) == (3, 2)
    assert tabulate_tumors(table.head(0)) == {}


def test_quartiles_are_numpys() -> None:
    values = np.random.default_rng(0).normal(size=31)
    found = compute_quartiles(pd.DataFrame({"mean": values, "label": "glioma"}), {"mean": ""})
    assert list(found["glioma"]["mean"].values()) == np.percentile(values, [25, 50, 75]).tolist()


def test_numbers_are_rounded_and_everything_else_is_left() -> None:
    given = {"a": [1 / 3, 7, "word"], "b": {"c": 123456789.0}, "d": None}
    assert round_floats(given) == {"a": [0.333333, 7, "word"], "b": {"c": 123457000.0}, "d": None}
