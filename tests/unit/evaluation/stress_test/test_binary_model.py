"""A study of versions that tell tumour from none: of either image set, by what they say, and scored as two answers."""

import numpy as np
import pandas as pd
import pytest

from braintumor.enums import NO_TUMOR_INDEX, Protocol
from braintumor.evaluation.stress_test.context import StressTestContext
from braintumor.evaluation.stress_test.latency import measure_latency
from braintumor.evaluation.stress_test.robustness import measure_robustness
from braintumor.evaluation.stress_test.runner import explanation_sanity
from braintumor.inference.decision import tumor_probability
from braintumor.settings import Settings
from braintumor.training.data import load_binary_data, load_training_data
from tests.helpers.phantom_sets import write_dealt_phantoms
from tests.helpers.tiny_model import CONTRACT
from tests.helpers.versions.binary import build_two_way

VERSIONS = ("four-block", "binary-vgg16")
EVERY = 1000


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Phantoms and a version of each image set."""
    folder = tmp_path_factory.mktemp("two-way")
    settings = Settings(inputs=folder / "inputs", outputs=folder / "outputs", workers=1)
    write_dealt_phantoms(settings, 12, 7)
    for version in VERSIONS:
        build_two_way(settings, version, yes_no=version.startswith("yesno"))
    return settings


@pytest.fixture(params=VERSIONS)
def subject(request: pytest.FixtureRequest, built: Settings, monkeypatch: pytest.MonkeyPatch) -> StressTestContext:
    """The version under study, on the frames it is judged on."""
    yes_no = request.param.startswith("yesno")
    data = load_binary_data(CONTRACT, Protocol.GROUP, built) if yes_no else load_training_data(CONTRACT, settings=built)
    monkeypatch.setattr("braintumor.evaluation.stress_test.context.load_evaluation_data", lambda *_: data)
    return StressTestContext(str(request.param), built, replicates=20)


def test_left_as_they_are_the_scans_score_what_the_evaluation_says(subject: StressTestContext) -> None:
    found = measure_robustness(subject, scans=EVERY).metrics
    table = pd.read_csv(subject.settings.outputs / subject.name / "predictions.csv")
    part = table[table["split"] == "test"]
    ill, called = part["label"] != "notumor", part["predicted"] != "notumor"
    assert found["accuracy"]["value"] == pytest.approx((ill == called).mean())
    assert found["tumor_sensitivity"]["value"] == pytest.approx(called[ill].mean())
    assert found["tumor_specificity"]["value"] == pytest.approx(1 - called[~ill].mean())


def test_files_are_read_from_the_set_the_version_learnt_from(subject: StressTestContext) -> None:
    found = measure_latency(subject, scans=4)
    assert found.facts["scans"] == 4
    assert found.metrics["ms@stage:read"]["value"] > 0


def test_with_every_pixel_back_in_place_the_probability_is_that_of_tumour(
    subject: StressTestContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    (subject.settings.outputs / subject.name / "model.keras").touch()
    monkeypatch.setattr(
        explanation_sanity,
        "_randomization_agreement",
        lambda _s, _f, labels: {1.0: {"map_agreement": np.zeros(len(labels))}},
    )
    found = explanation_sanity.measure_explanation_sanity(subject, scans=EVERY)
    ill = subject.test_predictions.labels != NO_TUMOR_INDEX
    whole = tumor_probability(subject.test_predictions.calibrated[ill]).mean()
    assert found.curves["insertion"]["map"][-1] == pytest.approx(whole, abs=1e-4)
    assert found.curves["deletion"]["map"][0] == pytest.approx(whole, abs=1e-4)
