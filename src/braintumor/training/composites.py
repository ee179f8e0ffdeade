"""Composites: tumours planted into healthy slices and taken out of diseased ones, sampled here, blended in `blend`.

In this set nearly every tumour comes from one collection and every healthy slice from another, so a network can answer
by telling collections apart. A composite is a slice of one collection with the answer of the other.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from braintumor.models.recipe_parts import AugmentationRecipe, CompositeRecipe
from braintumor.training.augmentation import sample
from braintumor.vocabulary import CLASSES, HEALTHY_INDEX, TUMOR_INDICES, Plane

# Grey value from which a pixel counts as head, and the share of a planted tumour that must lie on it.
_HEAD_LEVEL: Final = 20
_INSIDE: Final = 0.9
_COARSE: Final = 4  # masks and heads are compared on a grid this many times coarser
_TRIES: Final = 8
_SMALL: Final = 0.03  # share of the frame up to which a tumour leaves enough healthy tissue to be filled from
_OFFSETS: Final = (-0.5, 1.0, 1.0)  # on most sequences tumour or its oedema is brighter than tissue
# Planted tumours come in other places, sizes and directions than their own; a slice's own other side is the nearest
# healthy tissue there is.
_FREE: Final = AugmentationRecipe(rotation=30, shift=0.08, zoom=0.3, horizontal_flip=True)
_STILL: Final = AugmentationRecipe()


@dataclass(frozen=True, slots=True)
class CompositeDraw:
    """What is pasted into each of n showings.

    Attributes
    ----------
    pasted, shape : ndarray of int64, shape (n,)
        Rows the pasted pixels and the pasted mask come from.
    strength : ndarray of float32, shape (n,)
        Zero where nothing is pasted, else how opaque it is.
    gain, offset : ndarray of float32, shape (n,)
        Contrast of the pasted pixels about the surroundings of the mask, and grey added to them (0 to 1).
    pixel_moves, shape_moves : ndarray of float32, shape (n, 8)
        Transforms of the pasted pixels and of the pasted mask before they are laid over the slice.
    grows : ndarray of bool, shape (n,)
        Whether the pasted mask is tumour (planted) or the tumour under it goes (painted out, or a decoy).
    targets : ndarray of float32, shape (n, classes)
        The answers that are right; several where a composite could be any tumour.
    """

    pasted: NDArray[np.int64]
    shape: NDArray[np.int64]
    strength: NDArray[np.float32]
    gain: NDArray[np.float32]
    offset: NDArray[np.float32]
    pixel_moves: NDArray[np.float32]
    shape_moves: NDArray[np.float32]
    grows: NDArray[np.bool_]
    targets: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Donors:
    """What composites are sampled from: labels, and where heads and tumours lie, on a coarse grid.

    `mirrored` says of which slices the other side shows what a tumour's place would look like without it: not of
    sagittal ones, and not where the tumour lies on the midline, for it would be put back in its own place.
    """

    labels: NDArray[np.int64]
    heads: NDArray[np.float32]
    tumors: NDArray[np.float32]
    mirrored: NDArray[np.bool_]

    @classmethod
    def of(
        cls, frames: NDArray[np.uint8], masks: NDArray[np.uint8], labels: NDArray[np.int64], planes: NDArray[np.object_]
    ) -> Self:
        """From frames and masks (n, height, width), labels and planes (n,)."""
        tumors = _coarse(masks > 0)
        grid = tumors.reshape(len(masks), masks.shape[1] // _COARSE, -1)
        midline = (grid * grid[:, :, ::-1]).any(axis=(1, 2))
        mirrored = np.isin(planes, [str(Plane.AXIAL), str(Plane.CORONAL)]) & ~midline
        return cls(labels, _coarse(frames > _HEAD_LEVEL), tumors, mirrored)

    def masked(self) -> NDArray[np.int64]:
        """Rows with an outlined tumour."""
        return np.flatnonzero(self.tumors.any(axis=1))

    def fits(self, tumor_rows: NDArray[np.int64], host_rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether each tumour would lie on the head of its host."""
        tumors = self.tumors[tumor_rows]
        return (tumors * self.heads[host_rows]).sum(axis=1) >= _INSIDE * tumors.sum(axis=1)


def _coarse(values: NDArray[np.bool_]) -> NDArray[np.float32]:
    count, height, width = values.shape
    high, wide = height // _COARSE, width // _COARSE
    blocks = values[:, : high * _COARSE, : wide * _COARSE].reshape(count, high, _COARSE, wide, _COARSE)
    return blocks.mean(axis=(2, 4)).reshape(count, -1).astype(np.float32)


def sample_composites(
    recipe: CompositeRecipe, rows: NDArray[np.int64], donors: Donors, side: int, generator: np.random.Generator
) -> CompositeDraw:
    """Sample what is pasted into each of the slices shown, `rows` into the arrays `donors` was made of.

    `side` is the height and width of the frames in pixels.
    """
    count = len(rows)
    labels, masked = donors.labels[rows], donors.masked()
    healthy = labels == HEALTHY_INDEX
    chance = generator.random(count)
    planted = healthy & (chance < recipe.planted)
    decoy = healthy & ~planted & (chance < recipe.planted + recipe.decoys)
    area = donors.tumors[rows].mean(axis=1)
    small = donors.mirrored[rows] & (area > 0) & (area < _SMALL)
    painted = ~healthy & small & (chance < recipe.painted_out)
    pasted, shape = rows.copy(), rows.copy()
    for _ in range(_TRIES if masked.size else 0):
        open_ = (planted | decoy) & ((shape == rows) | ~donors.fits(shape, rows))
        shape[open_] = generator.choice(masked, open_.sum())
    missed = (planted | decoy) & ((shape == rows) | ~donors.fits(shape, rows))
    planted, decoy = planted & ~missed, decoy & ~missed
    pasted[planted] = shape[planted]
    others = np.flatnonzero(donors.labels == HEALTHY_INDEX)
    foreign = decoy & (generator.random(count) < 0.5)
    pasted[foreign] = generator.choice(others, foreign.sum())
    recolored = planted & (generator.random(count) < recipe.recolored)
    gain = generator.uniform(0.7, 1.3, count)
    gain[recolored] *= generator.choice([-1.0, 0.3, 1.0], recolored.sum())
    offset = np.zeros(count)
    offset[recolored] = generator.choice(_OFFSETS, recolored.sum()) * generator.uniform(0.15, 0.5, recolored.sum())
    targets = np.eye(len(CLASSES), dtype=np.float32)[np.where(planted, donors.labels[shape], labels)]
    targets[painted] = np.eye(len(CLASSES), dtype=np.float32)[HEALTHY_INDEX]
    targets[np.ix_(recolored, list(TUMOR_INDICES))] = 1.0
    strength = np.where(planted | decoy | painted, 1.0, 0.0)
    strength[planted] = generator.uniform(0.6, 1.0, planted.sum())
    still, free = (sample(change, count, side, side, generator).transforms for change in (_STILL, _FREE))
    mirror = np.tile(np.array([-1, 0, side - 1, 0, 1, 0, 0, 0], np.float32), (count, 1))
    same = ((painted | decoy) & ~foreign)[:, None]
    shape_moves = np.where((planted | decoy)[:, None], free, still)
    pixel_moves = np.where(planted[:, None], free, np.where(same, mirror, still))
    return CompositeDraw(
        pasted, shape, strength.astype(np.float32), gain.astype(np.float32), offset.astype(np.float32),
        pixel_moves, shape_moves, planted, targets,
    )  # fmt: skip
