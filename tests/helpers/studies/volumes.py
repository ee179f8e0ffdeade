"""Small NIfTI volumes with a phantom in every slice."""

import nibabel
import numpy as np

from braintumor.datasets.phantoms import make_phantom


def make_phantom_volume(slices: int = 40, side: int = 48, thickness: float = 1.0) -> bytes:
    """Return the bytes of a volume whose axial slices are phantoms, all 1 mm in plane."""
    pixels = np.stack([np.asarray(make_phantom("glioma", number, 64).pixels) for number in range(slices)], axis=-1)
    values = pixels[:side, :side].astype(np.float32)
    return nibabel.Nifti1Image(values, np.diag([1.0, 1.0, thickness, 1.0])).to_bytes()
