"""Shipped turn detection on real slices: turned pictures get about the verdicts of the upright ones."""

from pathlib import Path

import numpy as np
import pytest

from braintumor.evaluation.stress_test.context import SEED, TUMOR_FREE, TUMORS
from braintumor.evaluation.stress_test.turns import measure_verdicts
from braintumor.imaging import read_scan
from braintumor.inference import Detector
from braintumor.settings import get_settings

pytestmark = pytest.mark.slow

SHARED = Path(__file__).resolve().parents[5] / "shared"
FOLDERS = (get_settings().dataset / "Testing", SHARED / "data" / "brain-tumor-mri-dataset" / "Testing")
# More false alarms or misses than on the same scans as stored.
MARGIN = 2


@pytest.fixture(scope="module")
def detector() -> Detector:
    """The shipped version."""
    detector = Detector.load("v4")
    if detector.artifact.card.turn is None:
        pytest.skip("v4 has no turn detection")
    return detector


@pytest.fixture(scope="module")
def testing() -> Path:
    """Folder of the test images of the data set."""
    folder = next((folder for folder in FOLDERS if folder.is_dir()), None)
    if folder is None:
        pytest.skip("the image set is not on this machine")
    return folder


def test_turned_pictures_cause_at_most_two_more_false_alarms_and_misses(detector: Detector, testing: Path) -> None:
    generator = np.random.default_rng(SEED)
    paths: dict[bool, list[Path]] = {is_tumor: [] for is_tumor in (True, False)}
    for path in sorted(testing.glob("*/*.jpg")):
        paths[path.parent.name != "notumor"].append(path)
    selected = [*generator.permutation(paths[True])[:TUMORS], *generator.permutation(paths[False])[:TUMOR_FREE]]
    scans = [read_scan(path) for path in selected]
    is_tumor = np.array([path.parent.name != "notumor" for path in selected])
    columns = measure_verdicts(detector, scans, is_tumor)
    for name in ("false_alarms", "misses"):
        counts = np.nansum(columns[name].reshape(4, -1), axis=1).astype(int)
        assert (counts <= counts[0] + MARGIN).all(), f"{name}: {counts.tolist()}"


@pytest.mark.parametrize(("name", "turn"), [("rot90_notumor-Te-no_0089.jpg", 1), ("rot270_glioma-Te-gl_0039.jpg", 3)])
def test_reported_turned_pictures_are_turned_back(detector: Detector, name: str, turn: int) -> None:
    path = SHARED / "cases" / name
    if not path.is_file():
        pytest.skip("the reported pictures are not on this machine")
    detection = detector.detect(path)
    assert detection.turn == turn
    assert "turned back before reading" in detection.warnings[-1]
