"""Read one image in one call, with a model that is loaded once and cached."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from braintumor.imaging import Scan
from braintumor.inference.detection import Detection
from braintumor.inference.detector import Detector
from braintumor.inference.model_card import CARD_FILE
from braintumor.settings import Settings, get_settings

_MAX_CACHED = 4


def predict_image(source: bytes | str | Path | NDArray[Any] | Scan, version: str | None = None) -> Detection:
    """Read one image with a trained model.

    The first call loads the model; later calls use it again until its card changes. Use a `Detector` for many images,
    for settings other than those of the environment, and for saliency maps or similar scans.

    Parameters
    ----------
    source : bytes, path, ndarray or Scan
        See `braintumor.imaging.read_scan`.
    version : str, optional
        A version in `outputs/`; the one named in the settings by default.

    Returns
    -------
    Detection
        Verdict, probabilities, heat map and mask.

    Raises
    ------
    ScanError
        The source cannot be read as a scan.
    ArtifactError
        There is no such version, or its files differ from its card.

    Examples
    --------
    This phantom differs from the training scans, so the verdict is uncertain:

    >>> from braintumor import predict_image
    >>> from braintumor.datasets.phantoms import make_phantom
    >>> phantom = make_phantom("meningioma", seed=7, size=256)
    >>> detection = predict_image(phantom.pixels, version="v4")
    >>> detection.verdict
    <Verdict.UNCERTAIN: 'uncertain'>
    >>> detection.reason
    'Out-of-distribution score 0.4... (unusual at 0.46, rejected at 0.50 or above): ... A reader should decide.'
    >>> detection.heat_map.shape
    (256, 256)
    """
    settings = get_settings()
    name = version or settings.version
    card_time = _modification_time(settings.outputs / name / CARD_FILE)
    return _cached_detector(name, card_time, settings.model_dump_json()).detect(source)


def _modification_time(path: Path) -> int:
    """Return when a file was written, in nanoseconds; 0 if there is none, which `Detector.load` reports."""
    try:
        return path.stat().st_mtime_ns
    except (OSError, ValueError):
        return 0


@lru_cache(maxsize=_MAX_CACHED)
def _cached_detector(version: str, card_time: int, settings: str) -> Detector:
    """Load a detector with settings given as JSON; cached until the card is written again."""
    return Detector.load(version, Settings.model_validate_json(settings))
