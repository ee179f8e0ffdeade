"""Similar-scan index: built from training scans, and measured on test scans."""

import json
from dataclasses import replace

import numpy as np
import pytest

from braintumor.enums import CLASS_NAMES, CLASSES, UNKNOWN_TYPE_INDEX, Split, TumorClass
from braintumor.evaluation.calibration.calibrate import calibrate
from braintumor.evaluation.calibration.fit_retrieval import fit_similar_scan_index, measure_retrieval
from braintumor.imaging import read_scan
from braintumor.inference import Detector
from braintumor.inference.outputs import Outputs
from braintumor.inference.retrieval import SimilarScanIndex, retrieval_features
from braintumor.settings import Settings
from braintumor.training.inputs.data import TrainingData
from tests.helpers.tiny_model import CONTRACT
from tests.helpers.training_data import phantom_data
from tests.helpers.versions.tiny import write_masked_version, write_version


@pytest.fixture(scope="module")
def data() -> TrainingData:
    return phantom_data(CONTRACT)


@pytest.mark.parametrize("has_mask", [True, False])
def test_calibration_writes_an_index_for_the_detector(data: TrainingData, workspace: Settings, has_mask: bool) -> None:
    folder = (write_masked_version if has_mask else write_version)(workspace.outputs, "v4")
    before = Detector.load("v4", workspace)
    outputs = before.infer_all(data.model_inputs)
    calibrate("v4", data, outputs, before, workspace)
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    assert len(card["files"]["similar_scans.npz"]) == 64
    assert (folder / "similar_scans.npz").stat().st_size < 1_000_000
    training = data.manifest[data.manifest["split"] == str(Split.TRAIN)]
    result = Detector.load("v4", workspace).most_similar(read_scan(data.model_inputs[data.split_rows(Split.TEST)[0]]))
    assert len(result) == 5
    assert {scan.path for scan in result} <= set(training["path"])
    assert card["retrieval"]["scans"] == len(training)
    test_rows = data.split_rows(Split.TEST)
    assert card["retrieval"]["nearest"]["n"] == card["retrieval"]["among_five"]["n"] == len(test_rows)
    for number, name in enumerate(CLASS_NAMES):
        assert card["retrieval"][f"nearest/{name}"]["n"] == (data.labels[test_rows] == number).sum()


def test_retrieval_counts_scans_of_the_true_class(data: TrainingData) -> None:
    features = np.eye(len(CLASSES), dtype=np.float32)[data.labels]
    data, outputs = replace(data, model_inputs=np.zeros_like(data.model_inputs)), Outputs(features, features=features)
    index = fit_similar_scan_index(data, outputs)
    assert index is not None
    result = measure_retrieval(index, data, outputs)
    assert result["nearest"]["value"] == result["among_five"]["value"] == 1.0
    wrong = replace(data, labels=(data.labels + 1) % len(CLASSES))
    assert measure_retrieval(index, wrong, outputs)["nearest"]["value"] == 0.0


def test_tumors_of_unknown_type_match_each_other(data: TrainingData) -> None:
    no_tumor = CLASS_NAMES.index("notumor")
    data = replace(
        data,
        labels=np.where(data.labels == no_tumor, no_tumor, UNKNOWN_TYPE_INDEX),
        model_inputs=np.zeros_like(data.model_inputs),
    )
    features = np.eye(UNKNOWN_TYPE_INDEX + 1, dtype=np.float32)[data.labels]
    outputs = Outputs(features[:, :4], features=features)
    index = fit_similar_scan_index(data, outputs)
    assert index is not None
    restored = SimilarScanIndex.from_bytes(index.to_bytes())
    vectors = retrieval_features(outputs, data.model_inputs)
    assert vectors is not None
    labels = [
        {scan.label for scan in restored.most_similar(row, 3)}
        for row in vectors[[0, int(np.argmax(data.labels == no_tumor))]]
    ]
    assert labels == [{None}, {TumorClass.NOTUMOR}]
    result = measure_retrieval(restored, data, outputs)
    assert result["nearest/tumor"]["value"] == result["nearest/notumor"]["value"] == 1.0
    assert "nearest/glioma" not in result


def test_model_without_features_has_no_index(data: TrainingData) -> None:
    assert fit_similar_scan_index(data, Outputs(np.zeros((len(data.labels), 4), np.float32))) is None


def test_large_class_maps_are_averaged_in_blocks(data: TrainingData) -> None:
    cells = np.random.default_rng(0).random((len(data.labels), 4, 15, 15), np.float32)
    fine = np.pad(np.kron(cells, np.ones((2, 2), np.float32)), ((0, 0), (0, 0), (0, 1), (0, 1)))  # 31 x 31
    large, small = (
        retrieval_features(Outputs(np.zeros((len(data.labels), 4), np.float32), maps=maps), data.model_inputs)
        for maps in (fine, cells)
    )
    assert large is not None
    assert small is not None
    np.testing.assert_allclose(large, small, atol=1e-6)
