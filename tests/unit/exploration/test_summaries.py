"""Every view has a sentence, and what it says is computed from what it shows."""

import dataclasses

import numpy as np

from braintumor.enums import CLASSES
from braintumor.exploration.explore import INPUT_SPEC
from braintumor.exploration.statistics import Meta, Statistics
from braintumor.exploration.summaries import (
    describe_class,
    summarize_atlas,
    summarize_average,
    summarize_difference,
    summarize_effect,
    summarize_profile,
    summarize_variability,
)


def _statistics() -> Statistics:
    """Two classes of one plane with a bright square each; glioma's is brighter, and the only one with an effect."""
    values = {name: np.zeros((90, 90), np.float32) for name in ("glioma", "notumor")}
    values["glioma"][60:, 60:] = 200 / 255
    values["notumor"][60:, 60:] = 150 / 255
    spread = np.full((90, 90), 10 / 255, np.float32)
    spread[:30, :30] = 40 / 255
    size = np.zeros((90, 90), np.float32)
    size[60:, 60:] = 0.9
    arrays = {f"average/{key}/axial": array for key, array in values.items()}
    arrays |= {f"variability/{key}/axial": spread for key in values}
    arrays |= {"effect/glioma/notumor/axial": size, "significance/glioma/notumor/axial": (size > 0).astype(np.uint8)}
    arrays["atlas/glioma/axial"] = np.where(size > 0, 0.25, 0).astype(np.float32)
    counts = {"glioma": {"axial": 1200}, "notumor": {"axial": 800}}
    groups = {"glioma": {"axial": 60, "all": 60}, "notumor": {"axial": 70, "all": 70}}
    return Statistics(Meta(INPUT_SPEC.to_dict(), [0.05], counts, groups, {"glioma": {"axial": 1000}}, ""), arrays)


def test_the_average_is_told_with_its_counts() -> None:
    told = summarize_average(_statistics(), "glioma", "axial")
    assert "1,200 axial glioma images (60 independent groups)" in told
    assert "grey level of 200 of 255 inside the head, which fills 11% of the frame" in told
    assert "lower right" in told


def test_the_variability_is_told_where_it_is_largest() -> None:
    told = summarize_variability(_statistics(), "notumor", "axial")
    assert "by 10 levels" in told
    assert "by 40, at the upper left" in told


def test_a_difference_is_told_from_both_sides() -> None:
    there = summarize_difference(_statistics(), "glioma", "notumor", "axial")
    back = summarize_difference(_statistics(), "notumor", "glioma", "axial")
    assert "up to 50 grey levels brighter (at the lower right of the image) compared with no tumour" in there
    assert "up to 50 grey levels darker (at the lower right of the image) compared with glioma" in back
    same = summarize_difference(_statistics(), "glioma", "notumor", "axial", "variability")
    assert "nowhere different" in same


def test_an_effect_is_told_with_its_groups_share_and_size() -> None:
    told = summarize_effect(_statistics(), "notumor", "glioma", "axial")
    assert told.startswith("With 70 and 60 groups, 11% of the frame differs")
    assert "largest effect is large, -0.90 standard deviations at the lower right" in told


def test_an_effect_that_is_noise_or_missing_is_said_to_be() -> None:
    statistics = _statistics()
    statistics.arrays["significance/glioma/notumor/axial"] = np.zeros((90, 90), np.uint8)
    assert "no pixel differs by more than noise" in summarize_effect(statistics, "glioma", "notumor", "axial")
    assert "too few" in summarize_effect(statistics, "glioma", "notumor")


def test_the_atlas_is_told_or_said_to_be_missing() -> None:
    told = summarize_atlas(_statistics(), "glioma", "axial")
    assert "1,000 axial glioma images" in told
    assert "25%" in told
    assert "11% of the frame" in told
    assert "no tumour masks of no tumour" in summarize_atlas(_statistics(), "notumor")


def test_a_profile_is_told_with_its_widest_gap() -> None:
    told = summarize_profile(_statistics(), ["glioma", "notumor"], (0, 75), (89, 75), "axial")
    assert "line of 89 pixels: axial glioma 67, axial no tumour 50" in told
    assert "by 50 levels, 60 pixels from the start" in told
    alone = summarize_profile(_statistics(), ["glioma"], (0, 75), (89, 75), "axial")
    assert "apart" not in alone


def test_planes_are_named_only_where_asked() -> None:
    assert describe_class("notumor") == "no tumour"
    assert describe_class("notumor", "unknown") == "plane unknown no tumour"
    assert describe_class("glioma", "sagittal") == "sagittal glioma"


def test_all_views_of_a_real_file_have_their_sentence(statistics: Statistics) -> None:
    for label in CLASSES:
        for plane in (None, *statistics.planes(label)):
            said = [summarize_average(statistics, label, plane), summarize_variability(statistics, label, plane)]
            said.append(summarize_atlas(statistics, label, plane))
            for other in CLASSES:
                if other is not label and (plane is None or plane in statistics.planes(other)):
                    said.append(summarize_difference(statistics, label, other, plane))
                    said.append(summarize_effect(statistics, label, other, plane))
            assert all(sentence.endswith(".") and "nan" not in sentence for sentence in said)


def test_statistics_are_left_as_they_were() -> None:
    statistics = _statistics()
    before = {key: array.copy() for key, array in statistics.arrays.items()}
    meta = dataclasses.asdict(statistics.meta)
    summarize_effect(statistics, "glioma", "notumor", "axial")
    summarize_difference(statistics, "glioma", "notumor", "axial")
    assert dataclasses.asdict(statistics.meta) == meta
    assert all(np.array_equal(statistics.arrays[key], array) for key, array in before.items())
