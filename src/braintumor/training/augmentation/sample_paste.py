"""Copy-paste augmentation: tumours pasted into slices without one, and tumours replaced by normal tissue.

In this image set nearly all tumours come from one source dataset and all slices without a tumour from another, so a
network can classify by source. Copy-paste creates slices of one source with the label of the other (after Ghiasi et
al. 2021). Parameters are sampled in NumPy from a seed and applied in TensorFlow.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from braintumor.enums import NO_TUMOR_INDEX, TUMOR_INDICES
from braintumor.models.recipe import AugmentationRecipe, CopyPasteRecipe
from braintumor.training.augmentation.donor_bank import DonorBank
from braintumor.training.augmentation.spatial import sample_spatial
from braintumor.training.losses import encode_class_targets

_MAX_TRIES: Final = 8
# Fraction of the image up to which a tumour leaves enough normal tissue to be replaced from.
_MAX_INPAINT_AREA: Final = 0.03
_CONTRAST_OFFSETS: Final = (-0.5, 1.0, 1.0)  # on most sequences a tumour or its oedema is brighter than tissue
# Pasted tumours get another position, size and orientation. Inpainting uses the slice's own other side unchanged.
_PASTE_AUGMENTATION: Final = AugmentationRecipe(rotation=30, shift=0.08, zoom=0.3, horizontal_flip=True)
_NO_AUGMENTATION: Final = AugmentationRecipe()


@dataclass(frozen=True, slots=True)
class PasteParams:
    """Sampled copy-paste parameters of n training samples.

    Attributes
    ----------
    source_rows, mask_rows : ndarray of int64, shape (n,)
        Rows that the pasted pixels and the pasted mask come from.
    opacity : ndarray of float32, shape (n,)
        Zero where nothing is pasted.
    gain, offset : ndarray of float32, shape (n,)
        Contrast of the pasted pixels relative to the surroundings of the mask, and grey value added (0 to 1).
    pixel_transforms, mask_transforms : ndarray of float32, shape (n, 8)
        Transforms of the pasted pixels and of the pasted mask; see `SpatialParams`.
    adds_tumor : ndarray of bool, shape (n,)
        Whether the pasted area is a tumour. If not, it replaces a tumour or is a distractor.
    targets : ndarray of float32, shape (n, classes)
        Correct classes; several where a pasted tumour may be of any type.
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


def sample_paste(
    recipe: CopyPasteRecipe,
    indices: NDArray[np.int64],
    donors: DonorBank,
    image_size: int,
    generator: np.random.Generator,
) -> PasteParams:
    """Sample what is pasted into each training sample.

    Parameters
    ----------
    indices : ndarray of int64, shape (n,)
        Rows of the training samples in the donor bank.
    image_size : int
        Height and width of the images in pixels.
    """
    count = len(indices)
    pasted, distractor, inpainted = _choose_kinds(recipe, indices, donors, generator)
    mask_rows = _choose_masks(indices, pasted | distractor, donors, generator)
    fits = (mask_rows != indices) & donors.fits_in_head(mask_rows, indices)
    pasted, distractor = pasted & fits, distractor & fits
    source_rows = np.where(pasted, mask_rows, indices)
    tumor_free_rows = np.flatnonzero(donors.labels == NO_TUMOR_INDEX)
    from_other_slice = distractor & (generator.random(count) < 0.5)
    source_rows[from_other_slice] = generator.choice(tumor_free_rows, from_other_slice.sum())
    jittered = pasted & (generator.random(count) < recipe.contrast_jittered)
    gain, offset = _sample_contrast(jittered, generator)
    opacity = np.where(pasted | distractor | inpainted, 1.0, 0.0)
    opacity[pasted] = generator.uniform(0.6, 1.0, pasted.sum())
    unchanged, moved = (
        sample_spatial(change, count, image_size, image_size, generator).transforms
        for change in (_NO_AUGMENTATION, _PASTE_AUGMENTATION)
    )
    mirror = np.tile(np.array([-1, 0, image_size - 1, 0, 1, 0, 0, 0], np.float32), (count, 1))
    uses_mirror = ((inpainted | distractor) & ~from_other_slice)[:, None]
    return PasteParams(
        source_rows=source_rows,
        mask_rows=mask_rows,
        opacity=opacity.astype(np.float32),
        gain=gain.astype(np.float32),
        offset=offset.astype(np.float32),
        pixel_transforms=np.where(pasted[:, None], moved, np.where(uses_mirror, mirror, unchanged)),
        mask_transforms=np.where((pasted | distractor)[:, None], moved, unchanged),
        adds_tumor=pasted,
        targets=_make_targets(donors.labels[indices], donors.labels[mask_rows], pasted, inpainted, jittered),
    )


def _choose_kinds(
    recipe: CopyPasteRecipe, indices: NDArray[np.int64], donors: DonorBank, generator: np.random.Generator
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Choose the samples that get a pasted tumour, a distractor, or have their tumour inpainted."""
    chance = generator.random(len(indices))
    tumor_free = donors.labels[indices] == NO_TUMOR_INDEX
    pasted = tumor_free & (chance < recipe.pasted)
    distractor = tumor_free & ~pasted & (chance < recipe.pasted + recipe.distractors)
    area = donors.tumors[indices].mean(axis=1)
    is_replaceable = donors.can_mirror[indices] & (area > 0) & (area < _MAX_INPAINT_AREA)
    return pasted, distractor, ~tumor_free & is_replaceable & (chance < recipe.inpainted)


def _choose_masks(
    indices: NDArray[np.int64], needs_mask: NDArray[np.bool_], donors: DonorBank, generator: np.random.Generator
) -> NDArray[np.int64]:
    """Choose rows with a tumour that fits into the head of each sample, if a few tries find one."""
    masked, mask_rows = donors.rows_with_mask(), indices.copy()
    for _ in range(_MAX_TRIES if masked.size else 0):
        is_open = needs_mask & ((mask_rows == indices) | ~donors.fits_in_head(mask_rows, indices))
        mask_rows[is_open] = generator.choice(masked, is_open.sum())
    return mask_rows


def _sample_contrast(
    jittered: NDArray[np.bool_], generator: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sample gain and offset; only jittered samples get an offset, or an inverted or weak contrast."""
    gain, offset = generator.uniform(0.7, 1.3, len(jittered)), np.zeros(len(jittered))
    gain[jittered] *= generator.choice([-1.0, 0.3, 1.0], jittered.sum())
    direction = generator.choice(_CONTRAST_OFFSETS, jittered.sum())
    offset[jittered] = direction * generator.uniform(0.15, 0.5, jittered.sum())
    return gain, offset


def _make_targets(
    labels: NDArray[np.int64],
    pasted_labels: NDArray[np.int64],
    pasted: NDArray[np.bool_],
    inpainted: NDArray[np.bool_],
    jittered: NDArray[np.bool_],
) -> NDArray[np.float32]:
    targets = encode_class_targets(np.where(inpainted, NO_TUMOR_INDEX, np.where(pasted, pasted_labels, labels)))
    targets[np.ix_(np.flatnonzero(jittered), np.array(TUMOR_INDICES))] = 1.0  # with this contrast it may be of any type
    return targets
