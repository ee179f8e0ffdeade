"""Neighbours: the training scans that look most like a scan to a version, found among numbers kept in its artifact."""

import io
from dataclasses import dataclass, fields
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from braintumor.enums import CLASSES, UNKNOWN_TYPE_INDEX, TumorClass
from braintumor.inference.ood import feature_vector
from braintumor.inference.outputs import Outputs

# Tables that are kept in half precision.
_HALF_PRECISION: Final = ("axes", "vectors")
_MAX_MAP_SIDE: Final = 16  # cells of a class map along its longer side, at most, so that an index stays small


@dataclass(frozen=True, slots=True)
class SimilarScan:
    """A known scan like the one asked about.

    Attributes
    ----------
    path : str
        File below the data set's folder, which need not be on this disk.
    label : TumorClass or None
        What it is; None for a tumour of which nobody said the kind.
    similarity : float
        Cosine between the two, -1 to 1.
    group : str
        What it shares with its near copies and the other slices of its patient.
    """

    path: str
    label: TumorClass | None
    similarity: float
    group: str


@dataclass(frozen=True, slots=True)
class SimilarScanIndex:
    """Known scans as directions along the principal axes of what the version sees.

    Attributes
    ----------
    mean, scale : ndarray of float32, shape (d,)
        Each described quantity is brought to mean zero and spread one by these.
    axes : ndarray of float32, shape (k, d)
    vectors : ndarray of float32, shape (n, k)
        Each of length one.
    labels : ndarray of int, shape (n,)
        Index into the fixed class order, or `UNKNOWN_KIND`.
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
        count, kept = self.vectors.shape
        fits = (
            self.axes.shape == (kept, *self.mean.shape)
            and self.scale.shape == self.mean.shape
            and self.labels.shape == self.groups.shape == self.paths.shape == (count,)
            and bool(np.isin(self.labels, [*range(len(CLASSES)), UNKNOWN_TYPE_INDEX]).all())
        )
        if not fits:
            raise ValueError("its tables do not fit each other")

    def most_similar(self, features: NDArray[np.floating], count: int) -> tuple[SimilarScan, ...]:
        """The likest known scans, likest first, at most one of each group.

        Parameters
        ----------
        seen : ndarray, shape (d,)
            A row of `what_is_seen`.
        """
        similarity = self.vectors @ self.project(features[None])[0]
        order = np.argsort(-similarity, kind="stable")
        _, first = np.unique(self.groups[order], return_index=True)
        return tuple(self._similar_scan(row, similarity[row]) for row in order[np.sort(first)[:count]])

    def _similar_scan(self, row: int, similarity: float) -> SimilarScan:
        label = None if self.labels[row] == UNKNOWN_TYPE_INDEX else CLASSES[self.labels[row]]
        return SimilarScan(str(self.paths[row]), label, float(np.clip(similarity, -1, 1)), str(self.groups[row]))

    def project(self, features: NDArray[np.floating]) -> NDArray[np.float32]:
        """Rows of `what_is_seen` (n, d) along the axes, each brought to length one; shape (n, k)."""
        return project_to_unit_length(features, self.mean, self.scale, self.axes)

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """From the bytes of `to_bytes`; nothing in them can run code."""
        with np.load(io.BytesIO(content), allow_pickle=False) as tables:
            given = {field.name: tables[field.name] for field in fields(cls)}
        return cls(**{name: t.astype(np.float32) if t.dtype == np.float16 else t for name, t in given.items()})

    def to_bytes(self) -> bytes:
        """As a compressed archive of tables, axes and vectors in half precision."""
        file = io.BytesIO()
        tables = {field.name: getattr(self, field.name) for field in fields(self)}
        halved = {name: tables[name].astype(np.float16) for name in _HALF_PRECISION}
        np.savez_compressed(file, **(tables | halved))
        return file.getvalue()


def project_to_unit_length(
    features: NDArray[np.floating], mean: NDArray[np.float32], scale: NDArray[np.float32], axes: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Rows of `what_is_seen` (n, d) along axes (k, d), each brought to length one; shape (n, k)."""
    along = ((features - mean) / scale).astype(np.float32) @ axes.T
    return along / np.maximum(np.linalg.norm(along, axis=1, keepdims=True), np.float32(1e-12))


def retrieval_features(outputs: Outputs, model_inputs: NDArray[np.uint8]) -> NDArray[np.float64] | None:
    """What scans are compared by: features, or class maps where there are none, beside a thumbnail; shape (n, d).

    Not the answers themselves: neighbours chosen by them would only repeat them.
    """
    if outputs.features is not None:
        return feature_vector(outputs.features, model_inputs)
    return (
        None
        if outputs.maps is None
        else feature_vector(_downsample_maps(outputs.maps).reshape(len(model_inputs), -1), model_inputs)
    )


def _downsample_maps(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Class maps as averages of blocks where they have too many cells; what fills no block at the edge goes."""
    *_, rows, columns = maps.shape
    block = -(-max(rows, columns) // _MAX_MAP_SIDE)
    high, wide = rows // block, columns // block
    cut = maps[..., : high * block, : wide * block]
    return cut.reshape(*maps.shape[:2], high, block, wide, block).mean(axis=(3, 5)) if block > 1 else maps
