"""Images out of place are those far from their own class, with the fact that gives them away."""

import numpy as np
import pandas as pd
import pytest

from braintumor.exploration.image_features import IMAGE_FEATURES
from braintumor.exploration.outliers import OUTLIER_COLUMNS, OUTLIER_DEVIATIONS, find_outliers, summarize_outliers


@pytest.fixture
def table() -> pd.DataFrame:
    """Two classes of very different brightness, each alike within itself, and one fact the same for all."""
    rng = np.random.default_rng(0)
    label = np.repeat(["glioma", "notumor"], 200)
    facts = {name: rng.normal(0.5, 0.01, 400) for name in IMAGE_FEATURES} | {"channels": np.ones(400)}
    facts["mean"] = np.where(label == "glioma", 0.2, 0.8) + rng.normal(0, 0.01, 400)
    named = {"path": [f"Training/{c}/{n:03d}.jpg" for n, c in enumerate(label)], "label": label, "origin": "somewhere"}
    return pd.DataFrame({**named, **facts})


def test_what_is_usual_in_its_class_is_in_place(table: pd.DataFrame) -> None:
    found = find_outliers(table)
    assert found.empty
    assert list(found.columns) == list(OUTLIER_COLUMNS)
    assert "None of 400 images" in summarize_outliers(found, len(table))


def test_an_image_as_bright_as_the_other_class_is_out_of_place(table: pd.DataFrame) -> None:
    table.loc[3, "mean"] = 0.8
    table.loc[250, "noise"] = 0.7
    found = find_outliers(table)
    assert list(found["path"]) == ["Training/glioma/003.jpg", "Training/notumor/250.jpg"]
    assert list(found["fact"]) == ["mean", "noise"]
    first = found.iloc[0]
    own = table.loc[table["label"] == "glioma", "mean"]
    assert first["value"] == 0.8
    assert first["usual"] == pytest.approx(own.median())
    assert first["deviations"] == pytest.approx((0.8 - own.median()) / own.std())
    assert (found["deviations"] >= OUTLIER_DEVIATIONS).all()
    said = summarize_outliers(found, len(table))
    assert "2 lie" in said
    assert "003.jpg (glioma): mean (mean grey value, 0 to 1) is 0.8, usually 0.2" in said


def test_no_images_have_none_out_of_place(table: pd.DataFrame) -> None:
    assert find_outliers(table.head(0)).empty
