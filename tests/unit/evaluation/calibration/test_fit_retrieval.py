"""Retrieval: training scans alone are kept, and the card says how often what they find is right."""

import json
from dataclasses import replace

import numpy as np
import pytest

from braintumor.enums import CLASS_NAMES, CLASSES, UNKNOWN_TYPE_INDEX, Split, TumorClass
from braintumor.evaluation.calibration.fit import calibrate
from braintumor.evaluation.calibration.fit_retrieval import fit_similar_scan_index, measure_retrieval
from braintumor.imaging import read_scan
from braintumor.inference import Detector
from braintumor.inference.outputs import Outputs
from braintumor.inference.retrieval import SimilarScanIndex, retrieval_features
from braintumor.settings import Settings
from braintumor.training.data import TrainingData
from tests.helpers.tiny_model import CONTRACT
from tests.helpers.training_data import phantom_data
from tests.helpers.versions.tiny import write_masked_version, write_version


@pytest.fixture(scope="module")
def data() -> TrainingData:
    return phantom_data(CONTRACT)


@pytest.mark.parametrize("masked", [True, False])
def test_evaluation_leaves_an_index_a_detector_can_use(data: TrainingData, workspace: Settings, masked: bool) -> None:
    folder = (write_masked_version if masked else write_version)(workspace.outputs, "v4")
    before = Detector.load("v4", workspace)
    outputs = before.infer_all(data.model_inputs)
    calibrate("v4", data, outputs, before, workspace)
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    assert len(card["files"]["similar_scans.npz"]) == 64
    assert (folder / "similar_scans.npz").stat().st_size < 1_000_000
    training = data.manifest[data.manifest["split"] == str(Split.TRAIN)]
    found = Detector.load("v4", workspace).most_similar(read_scan(data.model_inputs[data.split_rows(Split.TEST)[0]]))
    assert len(found) == 5
    assert {one.path for one in found} <= set(training["path"])
    assert card["retrieval"]["scans"] == len(training)
    held = data.split_rows(Split.TEST)
    assert card["retrieval"]["nearest"]["n"] == card["retrieval"]["among_five"]["n"] == len(held)
    for number, name in enumerate(CLASS_NAMES):
        assert card["retrieval"][f"nearest/{name}"]["n"] == (data.labels[held] == number).sum()


def test_shares_are_those_of_neighbours_of_the_right_class(data: TrainingData) -> None:
    told = np.eye(len(CLASSES), dtype=np.float32)[data.labels]
    data, outputs = replace(data, frames=np.zeros_like(data.model_inputs)), Outputs(told, features=told)
    index = fit_similar_scan_index(data, outputs)
    assert index is not None
    found = measure_retrieval(index, data, outputs)
    assert found["nearest"]["value"] == found["among_five"]["value"] == 1.0
    wrong = replace(data, labels=(data.labels + 1) % len(CLASSES))
    assert measure_retrieval(index, wrong, outputs)["nearest"]["value"] == 0.0


def test_tumours_of_which_nobody_said_the_kind_are_each_others_like(data: TrainingData) -> None:
    healthy = CLASS_NAMES.index("notumor")
    data = replace(
        data,
        labels=np.where(data.labels == healthy, healthy, UNKNOWN_TYPE_INDEX),
        frames=np.zeros_like(data.model_inputs),
    )
    told = np.eye(UNKNOWN_TYPE_INDEX + 1, dtype=np.float32)[data.labels]
    outputs = Outputs(told[:, :4], features=told)
    index = fit_similar_scan_index(data, outputs)
    assert index is not None
    known = SimilarScanIndex.from_bytes(index.to_bytes())
    seen = retrieval_features(outputs, data.model_inputs)
    assert seen is not None
    kinds = [
        {one.label for one in known.most_similar(row, 3)} for row in seen[[0, int(np.argmax(data.labels == healthy))]]
    ]
    assert kinds == [{None}, {TumorClass.NOTUMOR}]
    found = measure_retrieval(known, data, outputs)
    assert found["nearest/tumor"]["value"] == found["nearest/notumor"]["value"] == 1.0
    assert "nearest/glioma" not in found


def test_a_version_that_gives_nothing_to_compare_by_keeps_none(data: TrainingData) -> None:
    assert fit_similar_scan_index(data, Outputs(np.zeros((len(data.labels), 4), np.float32))) is None


def test_large_class_maps_are_compared_by_averages_of_blocks_so_that_an_index_stays_small(data: TrainingData) -> None:
    cells = np.random.default_rng(0).random((len(data.labels), 4, 15, 15), np.float32)
    fine = np.pad(np.kron(cells, np.ones((2, 2), np.float32)), ((0, 0), (0, 0), (0, 1), (0, 1)))  # 31 x 31
    large, small = (
        retrieval_features(Outputs(np.zeros((len(data.labels), 4), np.float32), maps=maps), data.model_inputs)
        for maps in (fine, cells)
    )
    assert large is not None
    assert small is not None
    np.testing.assert_allclose(large, small, atol=1e-6)
