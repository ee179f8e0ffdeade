"""Every view has a summary that is computed from its values."""

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
    """Make two classes of one plane with a bright square each; that of glioma is brighter and has an effect."""
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


def test_average_summary_has_counts() -> None:
    summary = summarize_average(_statistics(), "glioma", "axial")
    assert "1,200 axial glioma images (60 independent groups)" in summary
    assert "grey level of 200 of 255 inside the head, which fills 11% of the frame" in summary
    assert "lower right" in summary


def test_variability_summary_has_the_maximum() -> None:
    summary = summarize_variability(_statistics(), "notumor", "axial")
    assert "by 10 levels" in summary
    assert "by 40, at the upper left" in summary


def test_difference_summary_depends_on_the_order() -> None:
    forward = summarize_difference(_statistics(), "glioma", "notumor", "axial")
    backward = summarize_difference(_statistics(), "notumor", "glioma", "axial")
    assert "up to 50 grey levels brighter (at the lower right of the image) compared with no tumour" in forward
    assert "up to 50 grey levels darker (at the lower right of the image) compared with glioma" in backward
    same = summarize_difference(_statistics(), "glioma", "notumor", "axial", "variability")
    assert "nowhere different" in same


def test_effect_summary_has_groups_share_and_size() -> None:
    summary = summarize_effect(_statistics(), "notumor", "glioma", "axial")
    assert summary.startswith("With 70 and 60 groups, 11% of the frame differs significantly")
    assert "largest effect is large, -0.90 standard deviations at the lower right" in summary


def test_effect_summary_without_significance_or_groups() -> None:
    statistics = _statistics()
    statistics.arrays["significance/glioma/notumor/axial"] = np.zeros((90, 90), np.uint8)
    assert "no pixel differs by more than noise" in summarize_effect(statistics, "glioma", "notumor", "axial")
    assert "too few" in summarize_effect(statistics, "glioma", "notumor")


def test_atlas_summary_with_and_without_masks() -> None:
    summary = summarize_atlas(_statistics(), "glioma", "axial")
    assert "1,000 axial glioma images" in summary
    assert "25%" in summary
    assert "11% of the frame" in summary
    assert "no tumour masks of no tumour" in summarize_atlas(_statistics(), "notumor")


def test_profile_summary_has_the_largest_difference() -> None:
    summary = summarize_profile(_statistics(), ["glioma", "notumor"], (0, 75), (89, 75), "axial")
    assert "line of 89 pixels: axial glioma 67, axial no tumour 50." in summary
    assert "largest difference is 50 levels, 60 pixels from the start" in summary
    single = summarize_profile(_statistics(), ["glioma"], (0, 75), (89, 75), "axial")
    assert "difference" not in single


def test_class_description_includes_a_plane_only_if_requested() -> None:
    assert describe_class("notumor") == "no tumour"
    assert describe_class("notumor", "unknown") == "plane unknown no tumour"
    assert describe_class("glioma", "sagittal") == "sagittal glioma"


def test_all_views_of_real_statistics_have_a_summary(statistics: Statistics) -> None:
    for label in CLASSES:
        for plane in (None, *statistics.planes(label)):
            summaries = [summarize_average(statistics, label, plane), summarize_variability(statistics, label, plane)]
            summaries.append(summarize_atlas(statistics, label, plane))
            for other in CLASSES:
                if other is not label and (plane is None or plane in statistics.planes(other)):
                    summaries.append(summarize_difference(statistics, label, other, plane))
                    summaries.append(summarize_effect(statistics, label, other, plane))
            assert all(text.endswith(".") and "nan" not in text for text in summaries)


def test_statistics_are_not_changed() -> None:
    statistics = _statistics()
    before = {key: array.copy() for key, array in statistics.arrays.items()}
    meta = dataclasses.asdict(statistics.meta)
    summarize_effect(statistics, "glioma", "notumor", "axial")
    summarize_difference(statistics, "glioma", "notumor", "axial")
    assert dataclasses.asdict(statistics.meta) == meta
    assert all(np.array_equal(statistics.arrays[key], array) for key, array in before.items())
