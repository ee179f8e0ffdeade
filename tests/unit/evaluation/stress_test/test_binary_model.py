"""Stress tests of binary models, trained on either dataset."""

import numpy as np
import pandas as pd
import pytest

from braintumor.enums import NO_TUMOR_INDEX, Protocol
from braintumor.evaluation.stress_test import explanation_sanity
from braintumor.evaluation.stress_test.context import StressTestContext
from braintumor.evaluation.stress_test.latency import measure_latency
from braintumor.evaluation.stress_test.robustness import measure_robustness
from braintumor.inference.decision import tumor_probability
from braintumor.settings import Settings
from braintumor.training.inputs.data import load_binary_data, load_training_data
from tests.helpers.phantom_sets import write_split_phantoms
from tests.helpers.tiny_model import CONTRACT
from tests.helpers.versions.binary import write_binary_version

VERSIONS = ("four-block", "binary-vgg16")
ALL_SCANS = 1000


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Phantoms and a model of each dataset."""
    folder = tmp_path_factory.mktemp("two-way")
    settings = Settings(inputs=folder / "inputs", outputs=folder / "outputs", workers=1)
    write_split_phantoms(settings, 12, 7)
    for version in VERSIONS:
        write_binary_version(settings, version, binary_set=version.startswith("binary"))
    return settings


@pytest.fixture(params=VERSIONS)
def context(request: pytest.FixtureRequest, built: Settings, monkeypatch: pytest.MonkeyPatch) -> StressTestContext:
    """Context of one model with its evaluation data."""
    on_binary_set = request.param.startswith("binary")
    data = (
        load_binary_data(CONTRACT, Protocol.GROUP, built)
        if on_binary_set
        else load_training_data(CONTRACT, settings=built)
    )
    monkeypatch.setattr("braintumor.evaluation.stress_test.context.load_evaluation_data", lambda *_: data)
    return StressTestContext(str(request.param), built, replicates=20)


def test_uncorrupted_scans_reproduce_the_evaluation(context: StressTestContext) -> None:
    result = measure_robustness(context, scans=ALL_SCANS).metrics
    table = pd.read_csv(context.settings.outputs / context.name / "predictions.csv")
    test = table[table["split"] == "test"]
    is_tumor, flagged = test["label"] != "notumor", test["predicted"] != "notumor"
    assert result["accuracy"]["value"] == pytest.approx((is_tumor == flagged).mean())
    assert result["tumor_sensitivity"]["value"] == pytest.approx(flagged[is_tumor].mean())
    assert result["tumor_specificity"]["value"] == pytest.approx(1 - flagged[~is_tumor].mean())


def test_files_are_read_from_the_training_dataset(context: StressTestContext) -> None:
    result = measure_latency(context, scans=4)
    assert result.facts["scans"] == 4
    assert result.metrics["ms@stage:read"]["value"] > 0


def test_restored_image_has_the_original_tumor_probability(
    context: StressTestContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    (context.settings.outputs / context.name / "model.keras").touch()
    monkeypatch.setattr(
        explanation_sanity,
        "_randomization_agreement",
        lambda _s, _f, labels: {1.0: {"map_agreement": np.zeros(len(labels))}},
    )
    result = explanation_sanity.measure_explanation_sanity(context, scans=ALL_SCANS)
    is_tumor = context.test_predictions.labels != NO_TUMOR_INDEX
    expected = tumor_probability(context.test_predictions.calibrated[is_tumor]).mean()
    assert result.curves["insertion"]["map"][-1] == pytest.approx(expected, abs=1e-4)
    assert result.curves["deletion"]["map"][0] == pytest.approx(expected, abs=1e-4)
