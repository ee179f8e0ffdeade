"""Similar-scan retrieval: the training scans most similar to a scan, from an index stored with the version."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from braintumor.enums import CLASSES, UNKNOWN_TYPE_INDEX, TumorClass, Verdict
from braintumor.inference.input_check.ood import feature_vector
from braintumor.inference.outputs import Outputs

_HALF_PRECISION: Final = ("axes", "vectors")  # tables stored as float16
# At least five of six: a smaller share or number contradicts the verdict by chance too often.
_CONTRADICTING_SHARE: Final = 5 / 6
_MIN_CONTRADICTING: Final = 5
_MAX_MAP_SIDE: Final = 16  # most cells along the longer side of a class map, so that an index stays small


@dataclass(frozen=True, slots=True)
class SimilarScan:
    """A training scan similar to a query scan.

    Attributes
    ----------
    path : str
        File below the folder of the data set, which may not be on this machine.
    label : TumorClass or None
        Class; None for a tumour of unknown type.
    similarity : float
        Cosine similarity, -1 to 1.
    group : str
        Patient group, shared with near-duplicates and other slices of the patient.
    """

    path: str
    label: TumorClass | None
    similarity: float
    group: str


def count_contradicting(verdict: Verdict, similar_scans: Sequence[SimilarScan]) -> int:
    """Return how many of the most similar scans contradict a verdict, if nearly all of them do; else 0.

    Contradicting are scans without a tumour for "tumour suspected", and with one for "no tumour found".
    """
    has_tumor = [each.label is not TumorClass.NOTUMOR for each in similar_scans]
    if verdict is Verdict.TUMOR_SUSPECTED:
        count = has_tumor.count(False)
    elif verdict is Verdict.NO_TUMOR_FOUND:
        count = has_tumor.count(True)
    else:
        return 0
    return count if count >= max(_MIN_CONTRADICTING, _CONTRADICTING_SHARE * len(has_tumor)) else 0


@dataclass(frozen=True, slots=True)
class SimilarScanIndex:
    """Training scans as unit vectors along the principal axes of their features.

    Attributes
    ----------
    mean, scale : ndarray of float32, shape (d,)
        Standardize each feature to mean 0 and standard deviation 1.
    axes : ndarray of float32, shape (k, d)
    vectors : ndarray of float32, shape (n, k)
        Unit vectors.
    labels : ndarray of int, shape (n,)
        Index into the fixed class order, or `UNKNOWN_TYPE_INDEX`.
    groups, paths : ndarray of str, shape (n,)
    """

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    axes: NDArray[np.float32]
    vectors: NDArray[np.float32]
    labels: NDArray[np.int8]
    groups: NDArray[np.str_]
    paths: NDArray[np.str_]

    def __post_init__(self) -> None:
        count, components = self.vectors.shape
        fits = (
            self.axes.shape == (components, *self.mean.shape)
            and self.scale.shape == self.mean.shape
            and self.labels.shape == self.groups.shape == self.paths.shape == (count,)
            and bool(np.isin(self.labels, [*range(len(CLASSES)), UNKNOWN_TYPE_INDEX]).all())
        )
        if not fits:
            raise ValueError("its tables do not fit each other")

    def most_similar(self, features: NDArray[np.floating], count: int) -> tuple[SimilarScan, ...]:
        """Return the most similar scans in descending order, at most one per group.

        Parameters
        ----------
        features : ndarray, shape (d,)
            A row of `retrieval_features`.
        """
        similarity = self.vectors @ self.project(features[None])[0]
        order = np.argsort(-similarity, kind="stable")
        _, first = np.unique(self.groups[order], return_index=True)
        return tuple(self._similar_scan(row, similarity[row]) for row in order[np.sort(first)[:count]])

    def _similar_scan(self, row: int, similarity: float) -> SimilarScan:
        label = None if self.labels[row] == UNKNOWN_TYPE_INDEX else CLASSES[self.labels[row]]
        return SimilarScan(str(self.paths[row]), label, float(np.clip(similarity, -1, 1)), str(self.groups[row]))

    def project(self, features: NDArray[np.floating]) -> NDArray[np.float32]:
        """Project rows of `retrieval_features` (n, d) onto the axes, as unit vectors (n, k)."""
        return project_to_unit_length(features, self.mean, self.scale, self.axes)

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read the archive that `to_bytes` writes; pickled objects, which could run code, are refused."""
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            tables = {field.name: archive[field.name] for field in fields(cls)}
        return cls(**{name: t.astype(np.float32) if t.dtype == np.float16 else t for name, t in tables.items()})

    def to_bytes(self) -> bytes:
        """Return a compressed archive of the tables, with axes and vectors in half precision."""
        file = io.BytesIO()
        tables = {field.name: getattr(self, field.name) for field in fields(self)}
        halved = {name: tables[name].astype(np.float16) for name in _HALF_PRECISION}
        np.savez_compressed(file, **(tables | halved))
        return file.getvalue()


def project_to_unit_length(
    features: NDArray[np.floating], mean: NDArray[np.float32], scale: NDArray[np.float32], axes: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Project rows of `retrieval_features` (n, d) onto axes (k, d), as unit vectors (n, k)."""
    along = ((features - mean) / scale).astype(np.float32) @ axes.T
    return along / np.maximum(np.linalg.norm(along, axis=1, keepdims=True), np.float32(1e-12))


def retrieval_features(outputs: Outputs, model_inputs: NDArray[np.uint8]) -> NDArray[np.float64] | None:
    """Join network features, or class maps if there are none, with a thumbnail; shape (n, d).

    Not the predictions: scans retrieved by them would only repeat them.
    """
    if outputs.features is not None:
        return feature_vector(outputs.features, model_inputs)
    if outputs.maps is None:
        return None
    return feature_vector(_downsample_maps(outputs.maps).reshape(len(model_inputs), -1), model_inputs)


def _downsample_maps(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average class maps over blocks if they have too many cells; incomplete blocks at the edge are dropped."""
    *_, rows, columns = maps.shape
    block = -(-max(rows, columns) // _MAX_MAP_SIDE)
    high, wide = rows // block, columns // block
    cropped = maps[..., : high * block, : wide * block]
    return cropped.reshape(*maps.shape[:2], high, block, wide, block).mean(axis=(3, 5)) if block > 1 else maps
