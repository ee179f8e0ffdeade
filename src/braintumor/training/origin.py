"""Origin: what an image's collection is, within its label, and showings in which all collections are as frequent."""

from dataclasses import fields, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from braintumor.models.recipe import Recipe
from braintumor.training.composites import CompositeDraw, Donors, sample_composites
from braintumor.training.pipeline import Source
from braintumor.vocabulary import CLASSES, HEALTHY_INDEX

Ints = NDArray[np.int64]

LABELS: Final = 2  # healthy or tumour: within each, the origin may not be read
_MOST: Final = 4  # how many times as often as it comes by itself an image may be shown to balance, or weigh


def origin_targets(
    names: NDArray[np.object_], tumor: NDArray[np.bool_], origins: tuple[str, ...]
) -> NDArray[np.float32]:
    """What the adversary is asked of n images.

    An image weighs so much that every origin counts alike within a label, but at most `_MOST` times. A label with one
    origin only weighs nothing: there origin and label are the same thing.

    Parameters
    ----------
    names : ndarray, shape (n,)
        Origin of each frame, which a composite keeps whatever is pasted into it.
    tumor : ndarray of bool, shape (n,)
        Whether the answer is a tumour, composites counted.

    Returns
    -------
    ndarray of float32, shape (n, labels, origins)
        The image's weight at its label and origin, else zero; about one on average.
    """
    cell = np.searchsorted(origins, names.astype(str))
    counts = np.zeros((LABELS, len(origins)))
    np.add.at(counts, (tumor.astype(int), cell), 1)
    known = (counts > 0).sum(axis=1, keepdims=True)
    even = counts.sum(axis=1, keepdims=True) / np.maximum(known, 1)
    weights = np.where(known > 1, np.minimum(even / np.maximum(counts, 1), _MOST), 0.0)
    found = np.zeros((len(names), LABELS, len(origins)), np.float32)
    found[np.arange(len(names)), tumor.astype(int), cell] = weights[tumor.astype(int), cell]
    return found


def tumors_shown(source: Source, rows: Ints, composites: CompositeDraw | None) -> NDArray[np.bool_]:
    """Whether the answer to each showing is a tumour."""
    if composites is None:
        return np.asarray(source.labels[rows] != HEALTHY_INDEX)
    return np.asarray(composites.targets[:, HEALTHY_INDEX] == 0)


def balanced(
    recipe: Recipe, order: Ints, donors: Donors | None, source: Source, generator: np.random.Generator
) -> tuple[Ints, CompositeDraw | None]:
    """Showings in which every origin comes as often as any other within an answer, as far as there are images.

    Of `_MOST` times as many showings as are wanted, each with its composite, so many are kept of each origin; answers
    stay as frequent as they were.

    Returns
    -------
    rows : ndarray of int64, as long as `order`
    composites : CompositeDraw, optional
    """
    if source.origins is None:
        raise ValueError("Balance needs the origin of every image.")
    pool, drawn = np.tile(order, _MOST), None
    if recipe.composites and donors:
        drawn = sample_composites(recipe.composites, pool, donors, source.frames.shape[2], generator)
    targets = np.eye(len(CLASSES), dtype=np.float32)[source.labels[pool]] if drawn is None else drawn.targets
    answers = np.unique(targets, axis=0, return_inverse=True)[1].reshape(-1)
    chosen = evenly(answers, source.origins[pool], len(order), generator)
    return pool[chosen], drawn and picked(drawn, chosen)


def evenly(answers: Ints, origins: NDArray[np.object_], count: int, generator: np.random.Generator) -> Ints:
    """`count` of the positions in two arrays of one length: answers as frequent as there, and origins alike in each."""
    shares = np.cumsum(np.bincount(answers)) * (count / len(answers))
    totals = np.diff(np.rint(shares).astype(int), prepend=0)
    kept = []
    for answer, total in enumerate(totals):
        places = [np.flatnonzero((answers == answer) & (origins == name)) for name in np.unique(origins)]
        for place, quota in zip(places, quotas([len(place) for place in places], total), strict=True):
            kept.append(generator.choice(place, quota, replace=False))
    return generator.permutation(np.concatenate(kept))


def quotas(available: list[int], total: int) -> list[int]:
    """Parts of `total` as equal as what is available allows."""
    found, left = [0] * len(available), total
    for rank, place in enumerate(sorted(range(len(available)), key=available.__getitem__)):
        found[place] = min(available[place], left // (len(available) - rank))
        left -= found[place]
    return found


def picked(draw: CompositeDraw, chosen: Ints) -> CompositeDraw:
    """Some of the showings of a draw."""
    return replace(draw, **{field.name: getattr(draw, field.name)[chosen] for field in fields(draw)})
