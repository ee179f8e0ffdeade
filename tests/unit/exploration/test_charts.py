"""Charts of facts and tumours carry the tables' numbers, and their sentences are computed from them."""

import numpy as np
import pandas as pd
import pytest

from braintumor.errors import DatasetError
from braintumor.exploration.charts import (
    load_image_features,
    load_tumor_features,
    plot_distribution,
    plot_histogram,
    plot_scatter,
    summarize_distribution,
    summarize_histogram,
    summarize_scatter,
)
from braintumor.exploration.image_features import IMAGE_FEATURES, TUMOR_FEATURES
from braintumor.exploration.statistics import Statistics
from braintumor.settings import Settings


def test_facts_come_beside_the_manifest(explored: Settings, manifest: pd.DataFrame) -> None:
    table = load_image_features(manifest, explored)
    assert len(table) == len(manifest)
    assert {"path", "label", "split", "origin", *IMAGE_FEATURES} <= set(table.columns)
    merged = table.merge(manifest, on="path", suffixes=("", "_manifest"))
    assert (merged["width"] == merged["width_manifest"]).all()


def test_tumours_have_their_measures(explored: Settings, manifest: pd.DataFrame) -> None:
    tumours = load_tumor_features(explored)
    assert set(tumours["path"]) == set(manifest.loc[manifest["label"] != "notumor", "path"])
    assert list(tumours.columns) == ["path", "label", "plane", "group", *TUMOR_FEATURES]
    medians = tumours.groupby("label")["contrast"].median()
    assert medians["meningioma"] > 0.1
    assert tumours.groupby("label")["diameter"].median()["pituitary"] < tumours["diameter"].median()


def test_a_distribution_has_a_violin_for_each_class_with_its_values(explored: Settings, manifest: pd.DataFrame) -> None:
    table = load_image_features(manifest, explored)
    figure = plot_distribution(table, "mean")
    assert [trace.name for trace in figure.data] == ["Glioma", "Meningioma", "No tumour", "Pituitary"]
    assert np.median(figure.data[0].y) == pytest.approx(table.loc[table["label"] == "glioma", "mean"].median())
    assert [trace.name for trace in plot_distribution(table, "mean", by="plane").data] == [
        "axial", "coronal", "sagittal",
    ]  # fmt: skip


def test_many_values_are_thinned_without_moving_the_quartiles() -> None:
    values = np.random.default_rng(0).normal(size=20_000)
    figure = plot_distribution(pd.DataFrame({"mean": values, "label": "glioma"}), "mean")
    assert len(figure.data[0].y) == 3000
    quartiles = [25, 50, 75]
    np.testing.assert_allclose(np.percentile(figure.data[0].y, quartiles), np.percentile(values, quartiles), atol=0.01)


def test_a_distribution_is_told_by_medians_and_by_what_the_class_explains() -> None:
    table = pd.DataFrame({"mean": [1.0, 1.0, 3.0, 3.0], "label": ["glioma", "glioma", "notumor", "notumor"]})
    told = summarize_distribution(table, "mean")
    assert "Glioma 1, No tumour 3" in told
    assert "100% of its variance" in told
    assert "0% of its variance" in summarize_distribution(table.assign(mean=2.0), "mean")


def test_a_scatter_draws_every_image_until_there_are_too_many(explored: Settings, manifest: pd.DataFrame) -> None:
    table = load_image_features(manifest, explored)
    figure = plot_scatter(table, "mean", "sharpness")
    assert sum(len(trace.x) for trace in figure.data) == len(table)
    many = pd.concat([table] * 60, ignore_index=True)
    assert 1000 < sum(len(trace.x) for trace in plot_scatter(many, "mean", "sharpness").data) <= 1500


def test_a_scatter_is_told_by_rank_correlation() -> None:
    table = pd.DataFrame({"a": [1, 2, 3, 4], "b": [10, 20, 40, 80], "c": [5, 5, 5, 5]})
    assert "+1.00" in summarize_scatter(table, "a", "b")
    assert "+0.00" in summarize_scatter(table, "a", "c")


def test_histograms_leave_the_background_to_the_sentence(statistics: Statistics) -> None:
    figure = plot_histogram(statistics)
    assert len(figure.data) == 4
    assert figure.data[0].x[0] == 25
    shares = statistics.histogram("glioma")
    np.testing.assert_allclose(figure.data[0].y, shares[25:] * 100, atol=1e-4)
    assert f"Glioma {shares[:25].sum():.0%}" in summarize_histogram(statistics)


def test_absent_tables_say_what_to_run(workspace: Settings, manifest: pd.DataFrame) -> None:
    with pytest.raises(DatasetError, match=r"image_facts\.csv.*braintumor explore"):
        load_image_features(manifest, workspace)
    with pytest.raises(DatasetError, match=r"tumours\.csv.*braintumor explore"):
        load_tumor_features(workspace)
