"""Detection: all that is said of one scan, and the only thing pages, reports and the command line read."""

from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from braintumor.enums import CLASSES, TumorClass, Verdict
from braintumor.imaging.geometry import Geometry, MapExtent
from braintumor.imaging.scan import SeriesPosition
from braintumor.inference.decision import predicted_class
from braintumor.inference.lesion_size import PixelSpacing, largest_component, max_feret_diameter

MASK_THRESHOLD = 0.5


@dataclass(frozen=True, slots=True)
class Detection:
    """The reading of one scan by one model version.

    Attributes
    ----------
    name, sha256 : str
        File name and hash of the content.
    timestamp : datetime
        When it was read, UTC, timezone-aware.
    probabilities : dict of TumorClass to float
        Calibrated probability of each class, in the fixed order; sums to 1.
    tumor_probability : float
        Sum over the tumour classes.
    verdict : Verdict
    reason : str
        One sentence saying why the verdict is what it is.
    prediction_set : tuple of TumorClass
        Classes that together hold the truth with 95% coverage on scans like the validation set; never empty.
    novelty : float or None
        How unlike the training scans it is, 0 to 1, refused from one half on; None where the version does not
        measure it.
    model_version : str
    milliseconds : dict of str to float
        Wall time by stage: `read`, `standardize`, `infer`, `judge`, `total`.
    series, spacing, warnings
        What the scan knew of itself; see `braintumor.imaging.scan.Scan`.
    decision : float or None
        Of a version that tells no kinds of tumour, the tumour probability from which on it says tumour; then the
        probabilities of the kinds are equal and say nothing. None of others.
    """

    name: str
    sha256: str
    timestamp: datetime
    probabilities: dict[TumorClass, float]
    tumor_probability: float
    verdict: Verdict
    reason: str
    prediction_set: tuple[TumorClass, ...]
    ood_score: float | None
    model_version: str
    milliseconds: dict[str, float]
    series: SeriesPosition | None = None
    spacing: PixelSpacing | None = None
    warnings: tuple[str, ...] = ()
    binary_threshold: float | None = None
    _evidence_map: NDArray[np.float32] | None = field(default=None, repr=False)
    _mask: NDArray[np.float32] | None = field(default=None, repr=False)
    _geometry: Geometry | None = field(default=None, repr=False)
    _map_extent: MapExtent | None = field(default=None, repr=False)
    # Sizes, once they were asked for: whoever reads one reads them all.
    _sizes: dict[str, float] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def is_multiclass(self) -> bool:
        """Whether the version tells one kind of tumour from another."""
        return self.binary_threshold is None

    @property
    def result(self) -> TumorClass:
        """The most probable class; where kinds are not told apart, the first of them stands for any tumour."""
        return CLASSES[int(predicted_class(np.array([self.probabilities[c] for c in CLASSES]), self.binary_threshold))]

    @property
    def heat_map(self) -> NDArray[np.float32] | None:
        """Evidence for `result` on the scan's own pixel grid, 0 to 1, shape (height, width); None without a map.

        Scaled so that its maximum is 1, unless nothing speaks for the class and it is zero everywhere.
        """
        if self._evidence_map is None or self._geometry is None:
            return None
        values = np.clip(self._geometry.resample_to_scan(self._evidence_map, extent=self._map_extent), 0.0, None)
        peak = float(values.max())
        return values / np.float32(peak) if peak > 0 else values

    @property
    def mask_probability(self) -> NDArray[np.float32] | None:
        """Probability that each pixel is tumour, on the scan's own grid (height, width); None without a mask."""
        if self._mask is None or self._geometry is None:
            return None
        return np.clip(self._geometry.resample_to_scan(self._mask), 0.0, 1.0)

    @property
    def mask(self) -> NDArray[np.bool_] | None:
        """Pixels that are tumour more likely than not, on the scan's own grid (height, width); None without a mask."""
        probability = self.mask_probability
        return None if probability is None else probability > MASK_THRESHOLD

    @property
    def area_pixels(self) -> int | None:
        """How many pixels are tumour, in all parts of the mask together; None without a mask."""
        sizes = self._measure_sizes()
        return None if sizes is None else int(sizes["area"])

    @property
    def area_mm2(self) -> float | None:
        """The same in square millimetres; None where the file does not say how large a pixel is."""
        sizes = self._measure_sizes()
        return None if sizes is None or self.spacing is None else sizes["area"] * self.spacing[0] * self.spacing[1]

    @property
    def diameter_pixels(self) -> float | None:
        """Longest straight line across the largest connected part of the mask, from pixel edge to pixel edge."""
        sizes = self._measure_sizes()
        return None if sizes is None else sizes["diameter_pixels"]

    @property
    def diameter_mm(self) -> float | None:
        """The same in millimetres (not the same line, where pixels are not square)."""
        sizes = self._measure_sizes()
        return None if sizes is None or self.spacing is None else sizes["diameter_mm"]

    def _measure_sizes(self) -> dict[str, float] | None:
        if not self._sizes and (mask := self.mask) is not None:
            part = largest_component(mask)
            millimetres = max_feret_diameter(part, self.spacing) if self.spacing else 0.0
            # At once, for another thread may ask meanwhile.
            self._sizes.update(
                area=float(mask.sum()), diameter_pixels=max_feret_diameter(part), diameter_mm=millimetres
            )
        return self._sizes or None
