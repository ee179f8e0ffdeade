"""Result for one scan: the only thing that pages, reports and the command line read."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from braintumor.enums import CLASSES, PictureKind, TumorClass, Verdict
from braintumor.imaging.edits import turn_scan
from braintumor.imaging.geometry import Geometry, MapExtent
from braintumor.imaging.scan import Scan, SeriesPosition
from braintumor.inference.decision import predicted_class
from braintumor.inference.lesion_size import PixelSpacing, largest_component, max_feret_diameter

MASK_THRESHOLD = 0.5


@dataclass(frozen=True, slots=True)
class Detection:
    """Result of one model version for one scan.

    Attributes
    ----------
    name, sha256 : str
        File name, and hash of the file's content.
    timestamp : datetime
        When the scan was read; timezone-aware, in UTC.
    probabilities : dict of TumorClass to float
        Calibrated probability of each class, in the fixed class order, with sum 1.
    tumor_probability : float
        Sum over the tumour classes.
    verdict : Verdict
    reason : str
        Sentence with the reason for the verdict.
    prediction_set : tuple of TumorClass
        Classes that contain the true one with 95% coverage on scans like the validation set; never empty.
    ood_score : float or None
        Out-of-distribution score from 0 to 1, rejected from 0.5; None if the version does not have one.
    model_version : str
    milliseconds : dict of str to float
        Wall time by step: `read`, `standardize`, `infer`, `judge`, `total`.
    series, spacing, warnings
        See `braintumor.imaging.scan.Scan`.
    binary_threshold : float or None
        Tumour probability from which a binary model answers tumour. The probabilities of its tumour classes are equal
        and have no meaning. None for models with four classes.
    picture : PictureKind
        What the picture shows.
    turn : int
        Clockwise quarter turns by which the scan was turned before it was read, because its picture was turned. Maps
        and mask lie on the turned scan (see `as_read`).
    suggested_turn : int
        Clockwise quarter turns that may make the scan upright, but were not applied.
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
    picture: PictureKind = PictureKind.SLICE
    turn: int = 0
    suggested_turn: int = 0
    _evidence_map: NDArray[np.float32] | None = field(default=None, repr=False)
    _mask: NDArray[np.float32] | None = field(default=None, repr=False)
    _geometry: Geometry | None = field(default=None, repr=False)
    _map_extent: MapExtent | None = field(default=None, repr=False)
    # Cache of the sizes, which are always read together.
    _sizes: dict[str, float] = field(default_factory=dict, init=False, repr=False, compare=False)

    def as_read(self, scan: Scan) -> Scan:
        """Return the scan as it was read: turned, with the warnings of this result."""
        return replace(turn_scan(scan, self.turn), warnings=self.warnings) if self.turn else scan

    def restore(self, sizes: Mapping[str, float] | None, maps: "Detection | None") -> "Detection":
        """Return a stored result with its sizes, and with the maps of reading its scan once more.

        Parameters
        ----------
        sizes : mapping, optional
            `area` and `diameter_pixels` in pixels, and `diameter_mm`; None if the result has no mask.
        maps : Detection, optional
            Result of the same version for the same scan; None to leave out maps and mask.
        """
        restored = replace(
            self,
            _evidence_map=maps._evidence_map if maps else None,
            _mask=maps._mask if maps else None,
            _geometry=maps._geometry if maps else None,
            _map_extent=maps._map_extent if maps else None,
        )
        restored._sizes.update(sizes or {})
        return restored

    @property
    def is_multiclass(self) -> bool:
        """Whether the model predicts the tumour type, not only tumour or no tumour."""
        return self.binary_threshold is None

    @property
    def result(self) -> TumorClass:
        """The predicted class; for a binary model the first tumour class stands for any tumour."""
        return CLASSES[int(predicted_class(np.array([self.probabilities[c] for c in CLASSES]), self.binary_threshold))]

    @property
    def heat_map(self) -> NDArray[np.float32] | None:
        """Evidence for `result` on the pixel grid of the scan (height, width); None without a map.

        Scaled to a maximum of 1; zero everywhere if there is no evidence for the class.
        """
        if self._evidence_map is None or self._geometry is None:
            return None
        values = np.clip(self._geometry.resample_to_scan(self._evidence_map, extent=self._map_extent), 0.0, None)
        peak = float(values.max())
        return values / np.float32(peak) if peak > 0 else values

    @property
    def mask_probability(self) -> NDArray[np.float32] | None:
        """Probability that each pixel of the scan is tumour (height, width); None without a mask."""
        if self._mask is None or self._geometry is None:
            return None
        return np.clip(self._geometry.resample_to_scan(self._mask), 0.0, 1.0)

    @property
    def mask(self) -> NDArray[np.bool_] | None:
        """Pixels of the scan with a tumour probability above 0.5 (height, width); None without a mask."""
        if self._mask is None or self._geometry is None:
            return None
        return self._geometry.mask_to_scan(self._mask, MASK_THRESHOLD)

    @property
    def head_box(self) -> tuple[int, int, int, int] | None:
        """Box around the head (left, top, right, bottom) in pixels of the scan; None without the maps of a reading."""
        return None if self._geometry is None else self._geometry.crop_box

    @property
    def scan_size(self) -> tuple[int, int] | None:
        """Width and height of the scan in pixels; None without the maps of a reading."""
        return None if self._geometry is None else self._geometry.scan_size

    @property
    def area_pixels(self) -> int | None:
        """Number of tumour pixels in the whole mask; None without a mask."""
        sizes = self._measure_sizes()
        return None if sizes is None else int(sizes["area"])

    @property
    def area_mm2(self) -> float | None:
        """Tumour area in square millimetres; None if there is no mask or the file has no pixel spacing."""
        sizes = self._measure_sizes()
        return None if sizes is None or self.spacing is None else sizes["area"] * self.spacing[0] * self.spacing[1]

    @property
    def diameter_pixels(self) -> float | None:
        """Maximal Feret diameter of the largest component of the mask, from pixel edge to pixel edge."""
        sizes = self._measure_sizes()
        return None if sizes is None else sizes["diameter_pixels"]

    @property
    def diameter_mm(self) -> float | None:
        """Maximal Feret diameter in millimetres; another line than in pixels if pixels are not square."""
        sizes = self._measure_sizes()
        return None if sizes is None or self.spacing is None else sizes["diameter_mm"]

    def _measure_sizes(self) -> dict[str, float] | None:
        if not self._sizes and (mask := self.mask) is not None:
            component = largest_component(mask)
            millimetres = max_feret_diameter(component, self.spacing) if self.spacing else 0.0
            # In one update, because another thread may read the sizes at the same time.
            self._sizes.update(
                area=float(np.count_nonzero(mask)),
                diameter_pixels=max_feret_diameter(component),
                diameter_mm=millimetres,
            )
        return self._sizes or None
