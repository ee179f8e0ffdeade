"""predict_image: one call from an image to its reading, by a detector that is loaded once and kept."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from braintumor.imaging import Scan
from braintumor.inference.artifact_files import CARD_FILE
from braintumor.inference.detection import Detection
from braintumor.inference.detector import Detector
from braintumor.settings import Settings, get_settings

_MAX_CACHED = 4


def predict_image(source: bytes | str | Path | NDArray[Any] | Scan, version: str | None = None) -> Detection:
    """Read one image with a trained version and say what is seen.

    The version is loaded by the first call and kept for the next ones, until its card is written anew. For many images,
    for settings other than those of the environment, or for saliency and known scans, take a `Detector`.

    Parameters
    ----------
    source : bytes, path, ndarray or Scan
        See `braintumor.imaging.read_scan`.
    version : str, optional
        A version in `outputs/`; the one named in the settings by default.

    Returns
    -------
    Detection
        Verdict, probabilities, heat map and outline.

    Raises
    ------
    ScanError
        The source cannot be read as a scan.
    ArtifactError
        There is no such version, or its files are not what its card promises.

    Examples
    --------
    A drawing stands in for a scan. The model finds it unlike the scans it learnt from, and declines to answer:

    >>> from braintumor import predict_image
    >>> from braintumor.datasets.phantom_sets import draw
    >>> drawing = draw("meningioma", seed=7, size=256)
    >>> detection = predict_image(drawing.pixels, version="v4")
    >>> detection.verdict
    <Verdict.UNCERTAIN: 'uncertain'>
    >>> detection.reason
    "It looks unlike the scans the model learnt from (...), so the model's answer may not hold; ..."
    >>> detection.heat_map.shape
    (256, 256)
    """
    settings = get_settings()
    chosen = version or settings.version
    return _cached_detector(
        chosen, _artifact_mtime(settings.outputs / chosen / CARD_FILE), settings.model_dump_json()
    ).detect(source)


def _artifact_mtime(card: Path) -> int:
    """When a card was written, in nanoseconds; 0 where there is none, which loading then says in words."""
    try:
        return card.stat().st_mtime_ns
    except (OSError, ValueError):
        return 0


@lru_cache(maxsize=_MAX_CACHED)
def _cached_detector(version: str, mtime: int, settings: str) -> Detector:
    """A detector under some settings (as JSON); kept as long as the same card is asked for."""
    return Detector.load(version, Settings.model_validate_json(settings))
