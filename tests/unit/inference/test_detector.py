"""Detector: complete detections, equal for every form in which a scan is given."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import CLASSES, TumorClass, Verdict
from braintumor.errors import ScanError
from braintumor.imaging import preprocess, read_scan
from braintumor.inference import Detector
from tests.golden.draw import SCANS
from tests.helpers.versions.tiny import write_version

FILE = SCANS / "l.png"


def test_detection_is_complete(detector):
    detection = detector.detect(FILE)
    assert detection.name == "l.png"
    assert detection.sha256 == hashlib.sha256(FILE.read_bytes()).hexdigest()
    assert timedelta(0) <= datetime.now(UTC) - detection.timestamp < timedelta(minutes=1)
    assert list(detection.probabilities) == list(CLASSES)
    assert sum(detection.probabilities.values()) == pytest.approx(1.0)
    assert detection.tumor_probability == pytest.approx(1 - detection.probabilities[TumorClass.NOTUMOR])
    assert detection.result == max(detection.probabilities, key=detection.probabilities.__getitem__)
    assert detection.result in detection.prediction_set
    assert isinstance(detection.verdict, Verdict)
    assert detection.reason.endswith(".")
    assert detection.ood_score is None
    assert detection.model_version == "v1"
    assert set(detection.milliseconds) == {"read", "standardize", "infer", "judge", "total"}
    assert detection.milliseconds["total"] >= detection.milliseconds["infer"] > 0


def test_path_bytes_array_and_scan_give_the_same_detection(detector):
    sources = (FILE, str(FILE), FILE.read_bytes(), read_scan(FILE).to_uint8(), read_scan(FILE))
    first, *others = (detector.detect(source, "a scan") for source in sources)
    for other in others:
        assert other.name == "a scan"
        assert other.probabilities == first.probabilities
        np.testing.assert_array_equal(other.heat_map, first.heat_map)


def test_heat_map_has_the_pixel_grid_of_the_scan(detector):
    scan = read_scan(SCANS / "exif-6.jpg")
    heat = detector.detect(scan).heat_map
    assert heat.shape == (scan.height, scan.width)
    assert heat.dtype == np.float32
    assert heat.min() == 0.0
    assert heat.max() == pytest.approx(1.0)
    left, top, right, bottom = preprocess(scan, detector.artifact.card.input_spec)[1].crop_box
    margin = heat.copy()
    margin[top:bottom, left:right] = 0
    assert not margin.any(), "the cropped margin has no evidence"


def test_heat_map_covers_the_map_extent_of_the_card(workspace):
    write_version(workspace.outputs, "all")
    write_version(workspace.outputs, "part", map_extent=[60, 60, 90, 90])
    whole, part = (Detector.load(version, workspace).detect(FILE).heat_map for version in ("all", "part"))
    assert (part > 0).sum() < 0.3 * (whole > 0).sum()


def test_tiny_model_classifies_most_phantoms(detector):
    correct = [
        detector.detect(make_phantom(label, seed, 160).pixels).result == label
        for label in CLASSES
        for seed in range(20, 26)
    ]
    assert sum(correct) > 0.6 * len(correct)


def test_temperature_of_the_card_is_applied(workspace):
    write_version(workspace.outputs, "cool")
    write_version(workspace.outputs, "warm", temperature=50.0)
    cool, warm = (Detector.load(version, workspace).detect(FILE) for version in ("cool", "warm"))
    assert max(warm.probabilities.values()) < max(cool.probabilities.values())
    assert warm.result == cool.result


def test_conformal_quantile_of_one_includes_every_class(workspace):
    write_version(workspace.outputs, conformal={"level": 0.95, "quantile": 1.0})
    assert Detector.load("v1", workspace).detect(FILE).prediction_set == CLASSES


def test_version_of_the_settings_is_loaded_by_default(workspace):
    write_version(workspace.outputs, "v7")
    assert Detector.load(settings=workspace.model_copy(update={"version": "v7"})).version == "v7"


def test_batches_have_the_logits_of_single_scans(detector):
    input_spec = detector.artifact.card.input_spec
    model_inputs = [preprocess(read_scan(path), input_spec)[0] for path in sorted(SCANS.iterdir())]
    alone = np.concatenate([detector.infer(model_input[None]).logits for model_input in model_inputs])
    np.testing.assert_allclose(detector.infer_all(model_inputs, batch_size=5).logits, alone, atol=1e-5)
    assert detector.infer_all([]).logits.shape == (0, len(CLASSES))


def test_threads_sharing_a_detector_agree(detector):
    files = sorted(SCANS.iterdir()) * 3
    with ThreadPoolExecutor(4) as pool:
        together = [detection.probabilities for detection in pool.map(detector.detect, files)]
    assert together == [detector.detect(file).probabilities for file in files]


def test_file_that_is_not_a_scan_raises_scan_error(detector):
    with pytest.raises(ScanError, match="not a JPEG, PNG"):
        detector.detect(b"hello", "hello.jpg")
