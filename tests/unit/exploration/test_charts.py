"""Charts and summaries of image and tumour features match the tables."""

import numpy as np
import pandas as pd
import pytest

from braintumor.errors import DatasetError
from braintumor.exploration.charts import (
    plot_distribution,
    plot_histogram,
    plot_scatter,
    summarize_distribution,
    summarize_histogram,
    summarize_scatter,
)
from braintumor.exploration.image_features import (
    IMAGE_FEATURES,
    TUMOR_FEATURES,
    load_image_features,
    load_tumor_features,
)
from braintumor.exploration.statistics import Statistics
from braintumor.settings import Settings


def test_image_features_are_joined_with_the_manifest(explored: Settings, manifest: pd.DataFrame) -> None:
    table = load_image_features(manifest, explored)
    assert len(table) == len(manifest)
    assert {"path", "label", "split", "origin", *IMAGE_FEATURES} <= set(table.columns)
    merged = table.merge(manifest, on="path", suffixes=("", "_manifest"))
    assert (merged["width"] == merged["width_manifest"]).all()


def test_tumor_features_are_complete(explored: Settings, manifest: pd.DataFrame) -> None:
    tumors = load_tumor_features(explored)
    assert set(tumors["path"]) == set(manifest.loc[manifest["label"] != "notumor", "path"])
    assert list(tumors.columns) == ["path", "label", "plane", "group", *TUMOR_FEATURES]
    medians = tumors.groupby("label")["contrast"].median()
    assert medians["meningioma"] > 0.1
    assert tumors.groupby("label")["diameter"].median()["pituitary"] < tumors["diameter"].median()


def test_distribution_has_a_violin_for_each_class(explored: Settings, manifest: pd.DataFrame) -> None:
    table = load_image_features(manifest, explored)
    figure = plot_distribution(table, "mean")
    assert [trace.name for trace in figure.data] == ["Glioma", "Meningioma", "No tumour", "Pituitary tumour"]
    assert np.median(figure.data[0].y) == pytest.approx(table.loc[table["label"] == "glioma", "mean"].median())
    assert [trace.name for trace in plot_distribution(table, "mean", by="plane").data] == [
        "axial", "coronal", "sagittal",
    ]  # fmt: skip


def test_thinning_preserves_the_quartiles() -> None:
    values = np.random.default_rng(0).normal(size=20_000)
    figure = plot_distribution(pd.DataFrame({"mean": values, "label": "glioma"}), "mean")
    assert len(figure.data[0].y) == 3000
    quartiles = [25, 50, 75]
    np.testing.assert_allclose(np.percentile(figure.data[0].y, quartiles), np.percentile(values, quartiles), atol=0.01)


def test_distribution_summary_has_medians_and_explained_variance() -> None:
    table = pd.DataFrame({"mean": [1.0, 1.0, 3.0, 3.0], "label": ["glioma", "glioma", "notumor", "notumor"]})
    summary = summarize_distribution(table, "mean")
    assert "Glioma 1, No tumour 3" in summary
    assert "100% of its variance" in summary
    assert "0% of its variance" in summarize_distribution(table.assign(mean=2.0), "mean")


def test_scatter_thins_only_large_tables(explored: Settings, manifest: pd.DataFrame) -> None:
    table = load_image_features(manifest, explored)
    figure = plot_scatter(table, "mean", "sharpness")
    assert sum(len(trace.x) for trace in figure.data) == len(table)
    many = pd.concat([table] * 60, ignore_index=True)
    assert 1000 < sum(len(trace.x) for trace in plot_scatter(many, "mean", "sharpness").data) <= 1500


def test_scatter_summary_has_rank_correlation() -> None:
    table = pd.DataFrame({"a": [1, 2, 3, 4], "b": [10, 20, 40, 80], "c": [5, 5, 5, 5]})
    assert "+1.00" in summarize_scatter(table, "a", "b")
    assert "+0.00" in summarize_scatter(table, "a", "c")


def test_histogram_omits_the_background_that_its_summary_states(statistics: Statistics) -> None:
    figure = plot_histogram(statistics)
    assert len(figure.data) == 4
    assert figure.data[0].x[0] == 25
    shares = statistics.histogram("glioma")
    np.testing.assert_allclose(figure.data[0].y, shares[25:] * 100, atol=1e-4)
    assert f"Glioma {shares[:25].sum():.0%}" in summarize_histogram(statistics)


def test_missing_table_names_the_command(workspace: Settings, manifest: pd.DataFrame) -> None:
    with pytest.raises(DatasetError, match=r"image_features\.csv.*braintumor explore"):
        load_image_features(manifest, workspace)
    with pytest.raises(DatasetError, match=r"tumors\.csv.*braintumor explore"):
        load_tumor_features(workspace)
