"""Detecting: one reading with all its parts, the same whichever way the scan comes in."""

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


def test_a_detection_says_all_that_the_contract_promises(detector):
    found = detector.detect(FILE)
    assert found.name == "l.png"
    assert found.sha256 == hashlib.sha256(FILE.read_bytes()).hexdigest()
    assert timedelta(0) <= datetime.now(UTC) - found.timestamp < timedelta(minutes=1)
    assert list(found.probabilities) == list(CLASSES)
    assert sum(found.probabilities.values()) == pytest.approx(1.0)
    assert found.tumor_probability == pytest.approx(1 - found.probabilities[TumorClass.NOTUMOR])
    assert found.result == max(found.probabilities, key=found.probabilities.__getitem__)
    assert found.result in found.prediction_set
    assert isinstance(found.verdict, Verdict)
    assert found.reason.endswith(".")
    assert found.ood_score is None
    assert found.model_version == "v1"
    assert set(found.milliseconds) == {"read", "standardize", "infer", "judge", "total"}
    assert found.milliseconds["total"] >= found.milliseconds["infer"] > 0


def test_path_bytes_array_and_scan_read_the_same(detector):
    sources = (FILE, str(FILE), FILE.read_bytes(), read_scan(FILE).to_uint8(), read_scan(FILE))
    first, *others = (detector.detect(source, "a scan") for source in sources)
    for other in others:
        assert other.name == "a scan"
        assert other.probabilities == first.probabilities
        np.testing.assert_array_equal(other.heat_map, first.heat_map)


def test_the_heat_map_lies_on_the_scans_own_pixels(detector):
    scan = read_scan(SCANS / "exif-6.jpg")
    heat = detector.detect(scan).heat_map
    assert heat.shape == (scan.height, scan.width)
    assert heat.dtype == np.float32
    assert heat.min() == 0.0
    assert heat.max() == pytest.approx(1.0)
    left, top, right, bottom = preprocess(scan, detector.artifact.card.input_spec)[1].crop_box
    outside = heat.copy()
    outside[top:bottom, left:right] = 0
    assert not outside.any(), "the model saw nothing of the margin"


def test_the_heat_map_lies_where_the_card_says_the_maps_lie(workspace):
    write_version(workspace.outputs, "all")
    write_version(workspace.outputs, "part", map_extent=[60, 60, 90, 90])
    whole, part = (Detector.load(version, workspace).detect(FILE).heat_map for version in ("all", "part"))
    assert (part > 0).sum() < 0.3 * (whole > 0).sum()


def test_the_tiny_model_tells_phantoms_apart(detector):
    right = [
        detector.detect(make_phantom(label, seed, 160).pixels).result == label
        for label in CLASSES
        for seed in range(20, 26)
    ]
    assert sum(right) > 0.6 * len(right)


def test_the_temperature_of_the_card_is_applied(workspace):
    write_version(workspace.outputs, "cool")
    write_version(workspace.outputs, "warm", temperature=50.0)
    cool, warm = (Detector.load(version, workspace).detect(FILE) for version in ("cool", "warm"))
    assert max(warm.probabilities.values()) < max(cool.probabilities.values())
    assert warm.result == cool.result


def test_a_wide_conformal_quantile_gives_every_class(workspace):
    write_version(workspace.outputs, conformal={"level": 0.95, "quantile": 1.0})
    assert Detector.load("v1", workspace).detect(FILE).prediction_set == CLASSES


def test_the_version_of_the_settings_is_loaded_unless_told_otherwise(workspace):
    write_version(workspace.outputs, "v7")
    assert Detector.load(settings=workspace.model_copy(update={"version": "v7"})).version == "v7"


def test_batches_give_the_logits_of_single_scans(detector):
    contract = detector.artifact.card.input_spec
    frames = [preprocess(read_scan(path), contract)[0] for path in sorted(SCANS.iterdir())]
    alone = np.concatenate([detector.infer(frame[None]).logits for frame in frames])
    np.testing.assert_allclose(detector.infer_all(frames, batch_size=5).logits, alone, atol=1e-5)
    assert detector.infer_all([]).logits.shape == (0, len(CLASSES))


def test_threads_share_one_detector_and_agree(detector):
    files = sorted(SCANS.iterdir()) * 3
    with ThreadPoolExecutor(4) as pool:
        together = [found.probabilities for found in pool.map(detector.detect, files)]
    assert together == [detector.detect(file).probabilities for file in files]


def test_what_is_no_scan_raises_a_scan_error(detector):
    with pytest.raises(ScanError, match="not a JPEG, PNG"):
        detector.detect(b"hello", "hello.jpg")
