"""Outliers are images far from the median of their own class, with the outlying feature."""

import numpy as np
import pandas as pd
import pytest

from braintumor.exploration.image_features import IMAGE_FEATURES
from braintumor.exploration.outliers import OUTLIER_COLUMNS, OUTLIER_DEVIATIONS, find_outliers, summarize_outliers


@pytest.fixture
def table() -> pd.DataFrame:
    """Make two uniform classes of very different brightness and one constant feature."""
    rng = np.random.default_rng(0)
    label = np.repeat(["glioma", "notumor"], 200)
    features = {name: rng.normal(0.5, 0.01, 400) for name in IMAGE_FEATURES} | {"channels": np.ones(400)}
    features["mean"] = np.where(label == "glioma", 0.2, 0.8) + rng.normal(0, 0.01, 400)
    manifest = {
        "path": [f"Training/{c}/{n:03d}.jpg" for n, c in enumerate(label)],
        "label": label,
        "origin": "somewhere",
    }
    return pd.DataFrame({**manifest, **features})


def test_typical_images_are_no_outliers(table: pd.DataFrame) -> None:
    outliers = find_outliers(table)
    assert outliers.empty
    assert list(outliers.columns) == list(OUTLIER_COLUMNS)
    assert "None of 400 images" in summarize_outliers(outliers, len(table))


def test_image_as_bright_as_the_other_class_is_an_outlier(table: pd.DataFrame) -> None:
    table.loc[3, "mean"] = 0.8
    table.loc[250, "noise"] = 0.7
    outliers = find_outliers(table)
    assert list(outliers["path"]) == ["Training/glioma/003.jpg", "Training/notumor/250.jpg"]
    assert list(outliers["fact"]) == ["mean", "noise"]
    first = outliers.iloc[0]
    same_class = table.loc[table["label"] == "glioma", "mean"]
    assert first["value"] == 0.8
    assert first["usual"] == pytest.approx(same_class.median())
    assert first["deviations"] == pytest.approx((0.8 - same_class.median()) / same_class.std())
    assert (outliers["deviations"] >= OUTLIER_DEVIATIONS).all()
    summary = summarize_outliers(outliers, len(table))
    assert "2 lie" in summary
    assert "003.jpg (glioma): mean (mean grey value, 0 to 1) is 0.8, class median 0.2" in summary


def test_empty_table_has_no_outliers(table: pd.DataFrame) -> None:
    assert find_outliers(table.head(0)).empty
