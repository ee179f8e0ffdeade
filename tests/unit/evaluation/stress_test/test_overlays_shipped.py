"""Shipped version on real slices with burned-in text and rulers: about as many tumours suspected, and none cleared."""

from pathlib import Path

import numpy as np
import pytest

from braintumor.enums import Verdict
from braintumor.evaluation.stress_test.context import SEED, TUMOR_FREE, TUMORS
from braintumor.evaluation.stress_test.overlay_drawing import OVERLAYS
from braintumor.imaging import read_scan
from braintumor.inference import Detector
from braintumor.settings import get_settings

pytestmark = pytest.mark.slow

SHARED = Path(__file__).resolve().parents[5] / "shared"
FOLDERS = (get_settings().dataset / "Testing", SHARED / "data" / "brain-tumor-mri-dataset" / "Testing")
# Share of the tumours that are no longer suspected with an overlay, at most. Text on the head hides part of it, and
# lowers certainty.
MARGIN, MARGIN_ON_HEAD = 0.05, 0.1


@pytest.fixture(scope="module")
def detector() -> Detector:
    """The shipped version."""
    return Detector.load("v4")


@pytest.fixture(scope="module")
def pictures() -> tuple[list[np.ndarray], np.ndarray]:
    """Grey values of test slices, and whether each has a tumour."""
    testing = next((folder for folder in FOLDERS if folder.is_dir()), None)
    if testing is None:
        pytest.skip("the image set is not on this machine")
    paths = sorted(testing.glob("*/*.jpg"))
    generator = np.random.default_rng(SEED)
    tumors, tumor_free = (
        generator.permutation([path for path in paths if (path.parent.name != "notumor") == is_tumor])[:count]
        for is_tumor, count in ((True, TUMORS), (False, TUMOR_FREE))
    )
    scans = [read_scan(path).to_uint8() for path in (*tumors, *tumor_free)]
    return scans, np.arange(len(scans)) < len(tumors)


def count_verdicts(detector: Detector, scans: list[np.ndarray], is_tumor: np.ndarray) -> dict[str, int]:
    """Return how many tumours are suspected and cleared, and how many slices without a tumour are suspected."""
    verdicts = np.array([str(detector.detect(scan).verdict) for scan in scans])
    is_suspected = verdicts == str(Verdict.TUMOR_SUSPECTED)
    return {
        "suspected": int(np.count_nonzero(is_suspected & is_tumor)),
        "cleared": int(np.count_nonzero((verdicts == str(Verdict.NO_TUMOR_FOUND)) & is_tumor)),
        "false alarms": int(np.count_nonzero(is_suspected & ~is_tumor)),
    }


@pytest.fixture(scope="module")
def clean(detector: Detector, pictures: tuple[list[np.ndarray], np.ndarray]) -> dict[str, int]:
    """Counts on the slices as stored."""
    return count_verdicts(detector, *pictures)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_overlay_changes_few_verdicts_and_clears_no_more_tumors(
    overlay: str, detector: Detector, pictures: tuple[list[np.ndarray], np.ndarray], clean: dict[str, int]
) -> None:
    scans, is_tumor = pictures
    counts = count_verdicts(detector, [OVERLAYS[overlay](scan) for scan in scans], is_tumor)
    change = f"{clean} -> {counts}"
    margin = MARGIN_ON_HEAD if overlay == "text on head" else MARGIN
    assert counts["suspected"] >= clean["suspected"] - margin * np.count_nonzero(is_tumor), change
    assert counts["cleared"] <= clean["cleared"], change
    assert counts["false alarms"] <= clean["false alarms"] + margin * np.count_nonzero(~is_tumor), change
