"""Composites: tumours planted into healthy slices and taken out of diseased ones, sampled here, blended in `blend`.

In this set nearly every tumour comes from one collection and every healthy slice from another, so a network can answer
by telling collections apart. A composite is a slice of one collection with the answer of the other.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from braintumor.models.recipe_parts import AugmentationRecipe, CopyPasteRecipe
from braintumor.training.augmentation import sample_spatial
from braintumor.vocabulary import CLASSES, NO_TUMOR_INDEX, TUMOR_INDICES, Plane

# Grey value from which a pixel counts as head, and the share of a planted tumour that must lie on it.
_MIN_HEAD_GRAY: Final = 20
_MIN_FRACTION_IN_HEAD: Final = 0.9
_GRID_FACTOR: Final = 4  # masks and heads are compared on a grid this many times coarser
_MAX_TRIES: Final = 8
_MAX_INPAINT_AREA: Final = (
    0.03  # share of the frame up to which a tumour leaves enough healthy tissue to be filled from
)
_CONTRAST_OFFSETS: Final = (-0.5, 1.0, 1.0)  # on most sequences tumour or its oedema is brighter than tissue
# Planted tumours come in other places, sizes and directions than their own; a slice's own other side is the nearest
# healthy tissue there is.
_PASTE_AUGMENTATION: Final = AugmentationRecipe(rotation=30, shift=0.08, zoom=0.3, horizontal_flip=True)
_NO_AUGMENTATION: Final = AugmentationRecipe()


@dataclass(frozen=True, slots=True)
class PasteParams:
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

    source_rows: NDArray[np.int64]
    mask_rows: NDArray[np.int64]
    opacity: NDArray[np.float32]
    gain: NDArray[np.float32]
    offset: NDArray[np.float32]
    pixel_transforms: NDArray[np.float32]
    mask_transforms: NDArray[np.float32]
    adds_tumor: NDArray[np.bool_]
    targets: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class DonorBank:
    """What composites are sampled from: labels, and where heads and tumours lie, on a coarse grid.

    `mirrored` says of which slices the other side shows what a tumour's place would look like without it: not of
    sagittal ones, and not where the tumour lies on the midline, for it would be put back in its own place.
    """

    labels: NDArray[np.int64]
    heads: NDArray[np.float32]
    tumors: NDArray[np.float32]
    can_mirror: NDArray[np.bool_]

    @classmethod
    def from_arrays(
        cls,
        model_inputs: NDArray[np.uint8],
        masks: NDArray[np.uint8],
        labels: NDArray[np.int64],
        planes: NDArray[np.object_],
    ) -> Self:
        """From frames and masks (n, height, width), labels and planes (n,)."""
        tumors = _downsample_masks(masks > 0)
        grid = tumors.reshape(len(masks), masks.shape[1] // _GRID_FACTOR, -1)
        midline = (grid * grid[:, :, ::-1]).any(axis=(1, 2))
        mirrored = np.isin(planes, [str(Plane.AXIAL), str(Plane.CORONAL)]) & ~midline
        return cls(labels, _downsample_masks(model_inputs > _MIN_HEAD_GRAY), tumors, mirrored)

    def rows_with_mask(self) -> NDArray[np.int64]:
        """Rows with an outlined tumour."""
        return np.flatnonzero(self.tumors.any(axis=1))

    def fits_in_head(self, tumor_rows: NDArray[np.int64], target_rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether each tumour would lie on the head of its host."""
        tumors = self.tumors[tumor_rows]
        return (tumors * self.heads[target_rows]).sum(axis=1) >= _MIN_FRACTION_IN_HEAD * tumors.sum(axis=1)


def _downsample_masks(values: NDArray[np.bool_]) -> NDArray[np.float32]:
    count, height, width = values.shape
    high, wide = height // _GRID_FACTOR, width // _GRID_FACTOR
    blocks = values[:, : high * _GRID_FACTOR, : wide * _GRID_FACTOR].reshape(
        count, high, _GRID_FACTOR, wide, _GRID_FACTOR
    )
    return blocks.mean(axis=(2, 4)).reshape(count, -1).astype(np.float32)


def sample_paste(
    recipe: CopyPasteRecipe,
    indices: NDArray[np.int64],
    donors: DonorBank,
    image_size: int,
    generator: np.random.Generator,
) -> PasteParams:
    """Sample what is pasted into each of the slices shown, `rows` into the arrays `donors` was made of.

    `side` is the height and width of the frames in pixels.
    """
    count = len(indices)
    labels, masked = donors.labels[indices], donors.rows_with_mask()
    healthy = labels == NO_TUMOR_INDEX
    chance = generator.random(count)
    planted = healthy & (chance < recipe.planted)
    decoy = healthy & ~planted & (chance < recipe.planted + recipe.decoys)
    area = donors.tumors[indices].mean(axis=1)
    small = donors.can_mirror[indices] & (area > 0) & (area < _MAX_INPAINT_AREA)
    painted = ~healthy & small & (chance < recipe.painted_out)
    pasted, shape = indices.copy(), indices.copy()
    for _ in range(_MAX_TRIES if masked.size else 0):
        open_ = (planted | decoy) & ((shape == indices) | ~donors.fits_in_head(shape, indices))
        shape[open_] = generator.choice(masked, open_.sum())
    missed = (planted | decoy) & ((shape == indices) | ~donors.fits_in_head(shape, indices))
    planted, decoy = planted & ~missed, decoy & ~missed
    pasted[planted] = shape[planted]
    others = np.flatnonzero(donors.labels == NO_TUMOR_INDEX)
    foreign = decoy & (generator.random(count) < 0.5)
    pasted[foreign] = generator.choice(others, foreign.sum())
    recolored = planted & (generator.random(count) < recipe.recolored)
    gain = generator.uniform(0.7, 1.3, count)
    gain[recolored] *= generator.choice([-1.0, 0.3, 1.0], recolored.sum())
    offset = np.zeros(count)
    offset[recolored] = generator.choice(_CONTRAST_OFFSETS, recolored.sum()) * generator.uniform(
        0.15, 0.5, recolored.sum()
    )
    targets = np.eye(len(CLASSES), dtype=np.float32)[np.where(planted, donors.labels[shape], labels)]
    targets[painted] = np.eye(len(CLASSES), dtype=np.float32)[NO_TUMOR_INDEX]
    targets[np.ix_(recolored, list(TUMOR_INDICES))] = 1.0
    strength = np.where(planted | decoy | painted, 1.0, 0.0)
    strength[planted] = generator.uniform(0.6, 1.0, planted.sum())
    still, free = (
        sample_spatial(change, count, image_size, image_size, generator).transforms
        for change in (_NO_AUGMENTATION, _PASTE_AUGMENTATION)
    )
    mirror = np.tile(np.array([-1, 0, image_size - 1, 0, 1, 0, 0, 0], np.float32), (count, 1))
    same = ((painted | decoy) & ~foreign)[:, None]
    shape_moves = np.where((planted | decoy)[:, None], free, still)
    pixel_moves = np.where(planted[:, None], free, np.where(same, mirror, still))
    return PasteParams(
        pasted, shape, strength.astype(np.float32), gain.astype(np.float32), offset.astype(np.float32),
        pixel_moves, shape_moves, planted, targets,
    )  # fmt: skip
