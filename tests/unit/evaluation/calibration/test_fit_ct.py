"""Recognition of head CT is fitted to training images, limited on validation images and measured on test images."""

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from braintumor.datasets.ct_slices import CT_SLICES_FILE
from braintumor.enums import Split
from braintumor.evaluation.calibration.fit_ct import MR_REJECTED_RATE, fit_ct_check, fit_ct_classifier
from braintumor.inference.input_check.feature_check import log_odds
from braintumor.inference.model_card import read_card
from braintumor.settings import Settings
from braintumor.training.inputs.data import TrainingData
from tests.helpers.versions.tiny import write_masked_version

COUNT = 200


def make_features(is_ct: NDArray[np.bool_], seed: int, shift: float = 4.0) -> NDArray[np.float32]:
    """Draw features of which the first three differ on CT."""
    features = np.random.default_rng(seed).normal(size=(len(is_ct), 20))
    features[is_ct, :3] += shift
    return features.astype(np.float32)


def some_ct(count: int = COUNT) -> NDArray[np.bool_]:
    return np.arange(count) % 20 == 0


def test_limit_is_halfway_between_mr_and_ct() -> None:
    validation = make_features(some_ct(), 2)
    classifier = fit_ct_classifier(make_features(some_ct(), 1), some_ct(), validation, some_ct())
    scores = log_odds(classifier, validation)
    highest, lowest = scores[~some_ct()].max(), scores[some_ct()].min()
    assert highest < lowest
    assert classifier.reject_at == pytest.approx((highest + lowest) / 2)
    assert "lowest of 10 CT validation images" in classifier.chosen


@pytest.mark.parametrize("is_ct", [np.zeros(1000, bool), some_ct(1000)], ids=["no CT", "CT like MR"])
def test_without_a_gap_few_mr_images_reach_the_limit(is_ct: NDArray[np.bool_]) -> None:
    validation = make_features(is_ct, 3, shift=0.0)
    classifier = fit_ct_classifier(make_features(some_ct(), 1), some_ct(), validation, is_ct)
    rejected = log_odds(classifier, validation[~is_ct]) >= classifier.reject_at
    assert 0 < rejected.sum() <= MR_REJECTED_RATE * len(rejected)
    assert f"0.5% of {len(rejected)} MR validation images reach" in classifier.chosen


def write_ct_list(settings: Settings, data: TrainingData) -> None:
    settings.dataset_outputs.mkdir(parents=True, exist_ok=True)
    data.manifest.loc[np.flatnonzero(some_ct(len(data.labels))), ["path"]].to_csv(
        settings.dataset_outputs / CT_SLICES_FILE, index=False
    )


def make_data() -> TrainingData:
    count = 3 * COUNT
    manifest = pd.DataFrame({"path": [f"{i}.jpg" for i in range(count)], "origin": "br35h"})
    manifest = manifest.assign(group=manifest["path"], split=np.repeat([str(split) for split in Split], COUNT))
    return TrainingData(manifest, np.zeros((count, 8, 8), np.uint8), np.zeros(count, np.int64))


def test_card_has_classifier_and_errors_on_test_images(workspace: Settings) -> None:
    write_masked_version(workspace.outputs)
    data = make_data()
    features = make_features(some_ct(3 * COUNT), 1)
    fit_ct_check("v4", data, features, workspace, replicates=20)
    assert read_card("v4", workspace).ct is None, "no image is listed as CT"
    write_ct_list(workspace, data)
    fit_ct_check("v4", data, None, workspace, replicates=20)
    assert read_card("v4", workspace).ct is None, "no features"
    fit_ct_check("v4", data, features, workspace, replicates=20)
    classifier = read_card("v4", workspace).ct
    assert classifier is not None
    rejected, lost = classifier.test["ct_rejected"], classifier.test["mr_rejected"]
    assert (rejected.value, rejected.n, lost.value, lost.n) == (1, 10, 0, 190)
