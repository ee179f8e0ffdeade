"""The octagon around the solid tissue of a head."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from braintumor.imaging.picture.reduction import ReducedPicture

# Level of tissue above the background.
_TISSUE_CONTRAST: Final = 24


@dataclass(frozen=True, slots=True, eq=False)
class HeadOutline:
    """An octagon on the reduced grid, as first and last column by row.

    Attributes
    ----------
    first, last : ndarray of int64, shape (rows, 1)
        Columns between which each row lies in the octagon, if it were not bounded above and below.
    top, bottom : int
        First and last row.
    width : int
        Columns of the grid.
    """

    first: NDArray[np.int64]
    last: NDArray[np.int64]
    top: int
    bottom: int
    width: int

    @classmethod
    def of(cls, picture: ReducedPicture) -> Self | None:
        """Return the octagon around solid tissue, or None without any; thin strokes do not count as solid."""
        solid = picture.darkest > picture.background + _TISSUE_CONTRAST
        solid = solid[1:] & solid[:-1]
        solid = solid[:, 1:] & solid[:, :-1]
        height, width = picture.darkest.shape
        rows = np.flatnonzero(solid.any(axis=1))
        if rows.size == 0:
            return None
        first = solid[rows].argmax(axis=1)
        last = width - 1 - solid[rows, ::-1].argmax(axis=1)
        y = np.arange(height)[:, None]
        left = np.maximum(np.maximum(first.min(), (first + rows).min() - y), (first - rows).min() + y)
        right = np.minimum(np.minimum(last.max(), (last + rows).max() - y), (last - rows).max() + y)
        return cls(left, right, int(rows[0]), int(rows[-1]), width)

    def to_mask(self, margin: int) -> NDArray[np.bool_]:
        """Return the octagon, enlarged by a margin of blocks, as a mask on the grid."""
        x = np.arange(self.width)
        mask = (x >= self.first - margin) & (x <= self.last + margin)
        mask[: max(0, self.top - margin)] = False
        mask[self.bottom + margin + 1 :] = False
        return mask
